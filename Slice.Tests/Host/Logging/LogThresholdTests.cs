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
    [InlineData(LogSeverity.Trace, LogLevel.Warning)]
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
    [InlineData(LogSeverity.Trace)]
    [InlineData(LogSeverity.Debug)]
    [InlineData(LogSeverity.Error)]
    public void Failed_start_is_not_reported_twice(LogSeverity severity) =>
        Assert.False(new LogThreshold(severity).Allows("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Error));

    [Theory]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Debug)]
    [InlineData("Microsoft.AspNetCore.Server", LogLevel.Error)]
    [InlineData("Microsoft.Extensions.X", LogLevel.Warning)]
    [InlineData("Slice.Net.X", LogLevel.Trace)]
    public void Category_that_is_named_has_a_severity_of_its_own(string category, LogLevel least)
    {
        var directives = LogDirectives.Parse("trace, microsoft.aspnetcore=error,Microsoft.AspNetCore.Server.Kestrel=debug")!;
        LogThreshold threshold = new(directives.Severity!.Value, directives);
        foreach (LogLevel level in Enum.GetValues<LogLevel>().Where(level => level != LogLevel.None))
        {
            Assert.Equal(level >= least, threshold.Allows(category, level));
        }
    }

    [Theory]
    [InlineData("loud")]
    [InlineData("info,debug")]
    [InlineData("info,Microsoft=loud")]
    [InlineData("=debug")]
    [InlineData("info,Microsoft=")]
    public void Variable_that_is_wrong_is_refused(string text) => Assert.Null(LogDirectives.Parse(text));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Microsoft=info")]
    public void Variable_may_leave_our_own_severity_as_it_is(string? text) => Assert.Null(LogDirectives.Parse(text)!.Severity);

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
