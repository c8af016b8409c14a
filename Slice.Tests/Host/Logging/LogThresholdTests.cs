using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Logging;

namespace Slice.Tests.Host.Logging;

public sealed class LogThresholdTests
{
    [Theory]
    [InlineData(LogSeverity.Trace, LogLevel.Trace)]
    [InlineData(LogSeverity.Debug, LogLevel.Debug)]
    [InlineData(LogSeverity.Info, LogLevel.Information)]
    [InlineData(LogSeverity.Warn, LogLevel.Warning)]
    [InlineData(LogSeverity.Error, LogLevel.Error)]
    public void Own_lines_are_written_from_the_threshold_on(LogSeverity severity, LogLevel least)
    {
        LogThreshold threshold = new(severity);
        foreach (LogLevel level in Enum.GetValues<LogLevel>().Where(level => level != LogLevel.None))
        {
            Assert.Equal(level >= least, threshold.Allows("Slice.Net.X", level));
        }
    }

    [Theory]
    [InlineData(LogSeverity.Trace, LogLevel.Trace)]
    [InlineData(LogSeverity.Debug, LogLevel.Warning)]
    [InlineData(LogSeverity.Info, LogLevel.Warning)]
    [InlineData(LogSeverity.Warn, LogLevel.Warning)]
    [InlineData(LogSeverity.Error, LogLevel.Error)]
    public void Lines_of_the_framework_are_written_from_a_warning_on(LogSeverity severity, LogLevel least)
    {
        LogThreshold threshold = new(severity);
        foreach (LogLevel level in Enum.GetValues<LogLevel>().Where(level => level != LogLevel.None))
        {
            Assert.Equal(level >= least, threshold.Allows("Microsoft.AspNetCore.Server.Kestrel", level));
            Assert.Equal(level >= least, threshold.Allows(null, level));
        }
    }

    [Theory]
    [InlineData(LogSeverity.Trace, true)]
    [InlineData(LogSeverity.Debug, false)]
    [InlineData(LogSeverity.Error, false)]
    public void Failed_start_is_not_reported_twice(LogSeverity severity, bool isWritten) =>
        Assert.Equal(isWritten, new LogThreshold(severity).Allows("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Error));

    [Fact]
    public void Change_takes_effect_at_once()
    {
        LogThreshold threshold = new(LogSeverity.Error);
        threshold.Set(LogSeverity.Debug);
        Assert.True(threshold.Allows("Slice.X", LogLevel.Debug));
        threshold.Set(LogSeverity.Info);
        Assert.False(threshold.Allows("Slice.X", LogLevel.Debug));
    }
}
