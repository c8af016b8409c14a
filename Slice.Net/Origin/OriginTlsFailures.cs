using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Net.Origin;

/// <summary>Says in words why TLS with the origin has failed, and what to look at. Pure.</summary>
internal static class OriginTlsFailures
{
    // openssl/err.h: the library in the upper bits, and 1000 above the number of an alert (RFC 8446 §6.2) in the lower ones.
    private const int OpenSslReasonMask = 0x7FFFFF;
    private const int FirstAlert = 1_000;

    /// <summary>Why there is no TLS, whoever the origin is.</summary>
    /// <param name="error">What the handshake threw.</param>
    /// <param name="name">The name that was asked for.</param>
    public static string Describe(AuthenticationException error, string name)
    {
        var cause = error.GetBaseException();
        if (cause == error)
        {
            // What came is no record of TLS.
            return "no TLS: the origin does not speak TLS on this port; is upstream_address to begin with http://?";
        }

        string? words = ((cause.HResult & OpenSslReasonMask) - FirstAlert) switch
        {
            40 => "the origin has ended the handshake: it has no cipher in common with us, or wants a certificate of ours",
            42 or 43 or 46 or 48 or 49 or 116 => "the origin wants a certificate of ours, and there is none",
            70 => "the origin has no version of TLS in common with us, who have 1.2 and 1.3",
            112 => $"the origin does not know the name {name} (upstream_tls.server_name)",
            120 => "the origin does not speak HTTP/1.1 on this port",
            _ => null,
        };
        return words is null ? $"no TLS: {cause.Message}" : $"no TLS: {words}";
    }

    /// <summary>What is wrong with the origin's certificate.</summary>
    /// <param name="errors">What was found.</param>
    /// <param name="name">The name that it must be for.</param>
    /// <param name="certificate">The certificate; null when none was shown.</param>
    /// <param name="chain">Its chain, with what is wrong in it.</param>
    public static string Describe(SslPolicyErrors errors, string name, X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "the origin has shown no certificate";
        }

        List<string> reasons = [];
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            reasons.Add($"is not for {name} (upstream_tls.server_name)");
        }

        foreach (var status in chain?.ChainStatus ?? [])
        {
            reasons.Add(Describe(status, chain!));
        }

        return $"the certificate {string.Join(" and ", reasons.Distinct())}: {certificate.Subject}";
    }

    private static string Describe(X509ChainStatus status, X509Chain chain) => status.Status switch
    {
        X509ChainStatusFlags.NotTimeValid => DescribeTime(chain),
        X509ChainStatusFlags.UntrustedRoot => "comes from an authority that is not trusted (upstream_tls.ca_file)",
        X509ChainStatusFlags.PartialChain =>
            "has no complete chain to a trusted authority (upstream_tls.ca_file, or the origin does not send what is between)",
        X509ChainStatusFlags.NotValidForUsage => "is not one for servers",
        _ => $"is refused ({status.StatusInformation.Trim()})",
    };

    // Of which certificate of the chain, and since when.
    private static string DescribeTime(X509Chain chain)
    {
        for (int index = 0; index < chain.ChainElements.Count; index++)
        {
            var element = chain.ChainElements[index];
            if (element.ChainElementStatus.Any(static status => status.Status == X509ChainStatusFlags.NotTimeValid))
            {
                string whose = index == 0 ? "" : $"has one above it, {element.Certificate.Subject}, that ";
                bool isOver = element.Certificate.NotAfter < chain.ChainPolicy.VerificationTime;
                var date = (isOver ? element.Certificate.NotAfter : element.Certificate.NotBefore).ToUniversalTime();
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{whose}{(isOver ? "has expired" : "is not valid yet, by this machine's clock,")} ({date:yyyy-MM-dd HH:mm} UTC)");
            }
        }

        return "has expired or is not valid yet";
    }
}
