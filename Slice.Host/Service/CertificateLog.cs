using System.Globalization;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Host.Service;

/// <summary>Logs what <see cref="CertificateWarnings"/> finds, at start and after a reload.</summary>
internal static partial class CertificateLog
{
    private const string Todo = "renew the file, and reload: systemctl reload pingora-slice";

    /// <summary>One line for each warning.</summary>
    public static void Warn(ILogger logger, SliceOptions options, DateTimeOffset now)
    {
        foreach (var warning in CertificateWarnings.Of(options, now))
        {
            var problem = warning.Problem;
            string endsAt = problem.EndsAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            LogPeriod(logger, problem.Text, warning.Key, warning.File, endsAt, problem.DaysLeft, Todo);
        }
    }

    [LoggerMessage(EventId = 175, EventName = "certificate_period", Level = LogLevel.Warning,
        Message = "{words}: {key} {file} {ends_at} {days_left} {todo}")]
    private static partial void LogPeriod(
        ILogger logger, string words, string key, string file, string ends_at, int days_left, string todo);
}
