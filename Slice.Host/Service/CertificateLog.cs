using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Host.Service;

/// <summary>Logs what <see cref="CertificateWarnings"/> finds, at start and after a reload.</summary>
internal static partial class CertificateLog
{
    /// <summary>One line for each warning.</summary>
    public static void Warn(ILogger logger, SliceOptions options, DateTimeOffset now)
    {
        foreach (string warning in CertificateWarnings.Of(options, now))
        {
            LogPeriod(logger, warning);
        }
    }

    [LoggerMessage(EventId = 175, EventName = "certificate_period", Level = LogLevel.Warning, Message = "{problem}")]
    private static partial void LogPeriod(ILogger logger, string problem);
}
