using System.Security.Cryptography.X509Certificates;
using Slice.Core.Options;
using Slice.Net.Certificates;

namespace Slice.Host.Configuration;

/// <summary>
/// Certificates of a configuration that are expired, not valid yet, or end within <see cref="CertificatePeriod.WarnedAhead"/>. None of this
/// is an error: a restart in the night after the end would else take the plain port away too, and nginx starts as well.
/// </summary>
internal static class CertificateWarnings
{
    /// <summary>The warnings, each with the key and the file; reads the files again.</summary>
    /// <param name="options">A valid configuration.</param>
    /// <param name="now">The time it is asked for.</param>
    public static IReadOnlyList<CertificateWarning> Of(SliceOptions options, DateTimeOffset now)
    {
        List<CertificateWarning> warnings = [];
        if (options.Tls is { ListenAddress: not null, Certificate: { } path, Key: { } key }
            && ServerCertificate.WarnOfPeriod(path, key, now) is { } ofServer)
        {
            warnings.Add(new("tls.certificate", path, ofServer));
        }

        AddOfAuthorities("upstream_tls.ca_file", options.UpstreamTls.CaFile);
        AddOfAuthorities("shared_cache.tls_ca_file", options.SharedCache.TlsCaFile);
        return warnings;

        void AddOfAuthorities(string caKey, string? caFile)
        {
            if (caFile is not null && WarnOfAuthorities(caFile, now) is { } ofAuthority)
            {
                warnings.Add(new(caKey, caFile, ofAuthority));
            }
        }
    }

    private static PeriodProblem? WarnOfAuthorities(string path, DateTimeOffset now)
    {
        _ = CertificateBundle.Read(path, out X509Certificate2Collection certificates);
        try
        {
            return CertificatePeriod.Warn(certificates, now);
        }
        finally
        {
            foreach (X509Certificate2 certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }
}
