using System.Text;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Logging;

namespace Slice.Tests.Host;

/// <summary>One event is one line, and a value is one value, whatever a client sends.</summary>
public sealed class LogfmtLineTests
{
    private static readonly DateTimeOffset s_time = new(2026, 11, 23, 7, 8, 9, 123, TimeSpan.FromHours(2));

    [Fact]
    public void Line_has_time_in_utc_level_event_fields_and_message() => Assert.Equal(
        "time=2026-11-23T05:08:09.123Z level=info event=listening address=0.0.0.0:8080 bytes=5 is_ready=true msg=\"two words\"",
        Format("two words", ("Address", "0.0.0.0:8080"), ("bytes", 5L), ("IsReady", true)));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("a=b", "\"a=b\"")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("line\nlevel=error", "\"line\\nlevel=error\"")]
    [InlineData("\r\u001b[31m\0", "\"\\r\\u001b[31m\\u0000\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("\u202Egnp", "\"\\u202egnp\"")]
    [InlineData("\u2028", "\"\\u2028\"")]
    [InlineData("é", "\"é\"")]
    public void Value_that_could_break_the_line_is_quoted_and_escaped(string value, string expected) =>
        Assert.Contains($" target={expected} msg=m", Format("m", ("target", value)), StringComparison.Ordinal);

    [Fact]
    public void Half_of_a_surrogate_pair_is_escaped() =>
        Assert.Contains(" target=\"\\ud800\" msg=m", Format("m", ("target", "\uD800")), StringComparison.Ordinal);

    [Fact]
    public void Field_named_like_one_of_ours_is_told_apart() =>
        Assert.Contains(" level_=evil ", Format("m", ("Level", "evil")), StringComparison.Ordinal);

    [Fact]
    public void Long_value_is_cut()
    {
        string line = Format("m", ("target", new string('a', 100_000)));
        Assert.InRange(line.Length, 2_000, 3_000);
        Assert.Contains("…\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Exception_stays_on_the_line()
    {
        string line = Format("m", new InvalidOperationException("first\nsecond"));
        Assert.DoesNotContain('\n', line);
        Assert.Contains("error=\"System.InvalidOperationException: first\\nsecond", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_of_the_framework_names_its_source()
    {
        var line = new StringBuilder();
        LogfmtLine.Append(line, s_time, new LogEntryFields<string>(LogLevel.Warning, "Microsoft.AspNetCore.Server.Kestrel", default, "", "m", null));
        Assert.Contains("level=warn event=kestrel source=Microsoft.AspNetCore.Server.Kestrel", line.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RemoteAddress", "remote_address")]
    [InlineData("remoteAddress", "remote_address")]
    [InlineData("HTTPStatus", "http_status")]
    [InlineData("a-b", "a_b")]
    [InlineData("", "_")]
    public void Names_are_in_snake_case(string name, string expected) => Assert.Equal(expected, LogfmtLine.ToSnakeCase(name));

    [Theory]
    [InlineData(LogSeverity.Info, "Slice.Net.X", LogLevel.Information, true)]
    [InlineData(LogSeverity.Info, "Slice.Net.X", LogLevel.Debug, false)]
    [InlineData(LogSeverity.Error, "Slice.Net.X", LogLevel.Warning, false)]
    [InlineData(LogSeverity.Trace, "Slice.Net.X", LogLevel.Trace, true)]
    [InlineData(LogSeverity.Debug, "Microsoft.X", LogLevel.Information, false)]
    [InlineData(LogSeverity.Debug, "Microsoft.X", LogLevel.Warning, true)]
    [InlineData(LogSeverity.Error, "Microsoft.X", LogLevel.Warning, false)]
    [InlineData(LogSeverity.Trace, "Microsoft.X", LogLevel.Trace, true)]
    [InlineData(LogSeverity.Info, "Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Error, false)]
    public void Threshold_is_ours_for_our_lines_and_a_warning_for_others(LogSeverity severity, string category, LogLevel level, bool isAllowed) =>
        Assert.Equal(isAllowed, new LogThreshold(severity).Allows(category, level));

    [Fact]
    public void Threshold_may_change_while_others_log()
    {
        var threshold = new LogThreshold(LogSeverity.Error);
        Assert.False(threshold.Allows("Slice.X", LogLevel.Debug));
        threshold.Set(LogSeverity.Debug);
        Assert.True(threshold.Allows("Slice.X", LogLevel.Debug));
    }

    private static string Format(string message, params (string Name, object Value)[] fields) => Format(message, null, fields);

    private static string Format(string message, Exception? exception, params (string Name, object Value)[] fields)
    {
        var state = fields.Select(field => KeyValuePair.Create(field.Name, (object?)field.Value)).Append(KeyValuePair.Create("{OriginalFormat}", (object?)"m")).ToList();
        var line = new StringBuilder();
        LogfmtLine.Append(
            line,
            s_time,
            new LogEntryFields<List<KeyValuePair<string, object?>>>(LogLevel.Information, "Slice.Host.Instance", new EventId(1, "listening"), state, message, exception));
        return line.ToString();
    }
}
