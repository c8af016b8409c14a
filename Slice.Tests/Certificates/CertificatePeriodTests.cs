using Slice.Net.Certificates;

namespace Slice.Tests.Certificates;

/// <summary>What is said of a certificate before, within and after its time.</summary>
public sealed class CertificatePeriodTests
{
    private static readonly DateTimeOffset s_from = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_until = new(2026, 4, 1, 12, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2025-12-31T23:59:59Z", "the certificate of CN=a is not valid before 2026-01-01 00:00:00 UTC")]
    [InlineData("2026-01-01T00:00:00Z", null)]
    [InlineData("2026-03-18T12:30:00Z", null)]
    [InlineData("2026-03-18T12:30:01Z", "the certificate of CN=a ends in 13 days, on 2026-04-01 12:30:00 UTC")]
    [InlineData("2026-03-30T12:30:01Z", "the certificate of CN=a ends in 47 hours, on 2026-04-01 12:30:00 UTC")]
    [InlineData("2026-04-01T12:30:00Z", "the certificate of CN=a ends in 0 hours, on 2026-04-01 12:30:00 UTC")]
    [InlineData("2026-04-01T12:30:01Z", "the certificate of CN=a has expired on 2026-04-01 12:30:00 UTC")]
    public void Certificate_out_of_its_time_or_near_its_end_is_warned_of(string now, string? warning) => Assert.Equal(
        warning,
        CertificatePeriod.Warn("CN=a", s_from, s_until, DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture)));
}
