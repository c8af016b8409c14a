using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class LogSeverityTextTests
{
    [Theory]
    [InlineData("trace", LogSeverity.Trace)]
    [InlineData("debug", LogSeverity.Debug)]
    [InlineData("info", LogSeverity.Info)]
    [InlineData("warn", LogSeverity.Warn)]
    [InlineData("ERROR", LogSeverity.Error)]
    public void Name_in_any_case_is_read_and_written_back(string text, LogSeverity expected)
    {
        Assert.True(LogSeverityText.TryParse(text, out LogSeverity severity));
        Assert.Equal(expected, severity);
        Assert.Equal(text, LogSeverityText.Format(severity), ignoreCase: true);
    }

    [Theory]
    [InlineData("warning")]
    [InlineData("WARNING")]
    public void Warning_is_warn(string text)
    {
        Assert.True(LogSeverityText.TryParse(text, out LogSeverity severity));
        Assert.Equal(LogSeverity.Warn, severity);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("warnings")]
    [InlineData("info,debug")]
    [InlineData(" info")]
    public void Anything_else_is_refused(string text) => Assert.False(LogSeverityText.TryParse(text, out _));
}
