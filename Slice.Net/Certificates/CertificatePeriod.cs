using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Net.Certificates;

/// <summary>Whether certificates are within the time that they are valid for (RFC 5280 §4.1.2.5). Pure.</summary>
public static class CertificatePeriod
{
    /// <summary>
    /// How long before its end a certificate is warned of: 14 days. Programs renew a month before the end of 90 days; a certificate that
    /// has half of that left was not renewed.
    /// </summary>
    public static readonly TimeSpan WarnedAhead = TimeSpan.FromDays(14);

    /// <summary>What is wrong, or soon will be, with the first certificate of which anything is; or null.</summary>
    public static PeriodProblem? Warn(IEnumerable<X509Certificate2> certificates, DateTimeOffset now)
    {
        foreach (var certificate in certificates)
        {
            if (Warn(certificate.Subject, certificate.NotBefore, certificate.NotAfter, now) is { } text)
            {
                DateTimeOffset endsAt = certificate.NotAfter;
                return new(text, endsAt, (int)Math.Floor((endsAt - now).TotalDays));
            }
        }

        return null;
    }

    /// <summary>The same of one certificate, by its two ends, both of which belong to it.</summary>
    internal static string? Warn(string subject, DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset now)
    {
        string? problem =
            now > notAfter ? $"has expired on {Format(notAfter)}"
            : now < notBefore ? $"is not valid before {Format(notBefore)}"
            : notAfter - now < WarnedAhead ? $"ends in {Left(notAfter - now)}, on {Format(notAfter)}"
            : null;
        return problem is null ? null : $"the certificate of {subject} {problem}";
    }

    private static string Left(TimeSpan left) => left < TimeSpan.FromDays(2)
        ? string.Create(CultureInfo.InvariantCulture, $"{(long)left.TotalHours} hours")
        : string.Create(CultureInfo.InvariantCulture, $"{left.Days} days");

    private static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
