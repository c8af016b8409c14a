using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Host.Logging;

namespace Slice.Tests.Host.Logging;

/// <summary>The lines of the log that the status page shows.</summary>
public sealed class RecentErrorsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Warnings_and_errors_are_kept_with_their_values_newest_first()
    {
        using var errors = new RecentErrors(_time);
        var logger = errors.CreateLogger("any");
        logger.Log(LogLevel.Information, new EventId(1, "quiet"), "not this", null, static (text, _) => text);
        logger.Log(LogLevel.Warning, new EventId(2, "first"), "<script>'\"", null, static (text, _) => text);
        _time.Advance(TimeSpan.FromSeconds(1));
        logger.Log(LogLevel.Error, new EventId(3), "second", new IOException("a reason"), static (text, _) => text);

        var kept = errors.Read();

        Assert.Equal(2, errors.Count);
        Assert.Equal(
            [
                new RecentError(2, _time.GetUtcNow(), true, "other", "second: IOException: a reason"),
                new RecentError(1, _time.GetUtcNow().AddSeconds(-1), false, "first", "<script>'\""),
            ],
            kept);
    }

    [Fact]
    public void Warnings_are_heard_whatever_the_level_of_the_log_and_nothing_below_them()
    {
        using var errors = new RecentErrors(_time);
        using var loggers = LoggerFactory.Create(logging => logging.AddSliceLogging(new LogThreshold(LogSeverity.Error)));
        loggers.AddProvider(errors);

        var logger = loggers.CreateLogger("Slice.Any");
        logger.Log(LogLevel.Warning, new EventId(1, "heard"), "a warning", null, static (text, _) => text);

        Assert.False(logger.IsEnabled(LogLevel.Information));
        Assert.Equal("heard", Assert.Single(errors.Read()).Event);
    }

    [Fact]
    public void Old_lines_make_room_and_long_ones_are_cut()
    {
        using var errors = new RecentErrors(_time);
        var logger = errors.CreateLogger("any");
        for (int number = 1; number <= RecentErrors.MaxLines + 5; number++)
        {
            logger.Log(LogLevel.Warning, default, new string('x', RecentErrors.MaxChars + 1), null, static (text, _) => text);
        }

        var kept = errors.Read();

        Assert.Equal(RecentErrors.MaxLines + 5, errors.Count);
        Assert.Equal(RecentErrors.MaxLines, kept.Length);
        Assert.Equal((RecentErrors.MaxLines + 5, 6), (kept[0].Number, kept[^1].Number));
        Assert.All(kept, line => Assert.Equal(new string('x', RecentErrors.MaxChars) + "…", line.Text));
    }
}
