using System.Text;
using CsCheck;
using Microsoft.Extensions.Logging;
using Slice.Host.Logging;

namespace Slice.Tests.Host.Logging;

public sealed class LogfmtLineTests
{
    private static readonly DateTimeOffset s_time = new(2026, 7, 31, 23, 59, 58, 123, TimeSpan.FromHours(2));

    [Fact]
    public void Line_has_time_in_utc_level_event_fields_and_message() => Assert.Equal(
        "time=2026-07-31T21:59:58.123Z level=info event=listening address=0.0.0.0:8080 open=true seconds=1.5 msg=\"ready: now\"",
        Line(
            LogLevel.Information,
            "Slice.Host.Instance",
            new EventId(1, "Listening"),
            "ready: now",
            ("address", "0.0.0.0:8080"),
            ("open", true),
            ("seconds", 1.5)));

    [Theory]
    [InlineData(LogLevel.Trace, "trace")]
    [InlineData(LogLevel.Debug, "debug")]
    [InlineData(LogLevel.Information, "info")]
    [InlineData(LogLevel.Warning, "warn")]
    [InlineData(LogLevel.Error, "error")]
    [InlineData(LogLevel.Critical, "error")]
    public void Level_is_named_as_in_the_configuration(LogLevel level, string name) =>
        Assert.Contains($" level={name} ", Line(level), StringComparison.Ordinal);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("/a?b;c", "/a?b;c")]
    [InlineData("", "\"\"")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("a=b", "\"a=b\"")]
    [InlineData("say \"x\"", "\"say \\\"x\\\"\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("x\nlevel=error event=forged", "\"x\\nlevel=error event=forged\"")]
    [InlineData("x\r\nlevel=error", "\"x\\r\\nlevel=error\"")]
    [InlineData("\u001b[2J", "\"\\u001b[2J\"")]
    [InlineData("x\u2028y", "\"x\\u2028y\"")]
    [InlineData("\" level=error x=\"", "\"\\\" level=error x=\\\"\"")]
    [InlineData("größe", "\"größe\"")]
    public void Value_stays_one_value_whatever_is_in_it(string value, string written) =>
        Assert.Equal(
            $"time=2026-07-31T21:59:58.123Z level=info event=e path={written} msg=m",
            Line(LogLevel.Information, "Slice.X", new EventId(1, "e"), "m", ("path", value)));

    [Fact]
    public void Any_value_can_be_taken_apart_again() => Gen.String.Sample(value =>
    {
        string line = Line(LogLevel.Information, "Slice.X", new EventId(1, "e"), "m", ("path", value), ("end", 1));
        string path =
            line[(line.IndexOf(" path=", StringComparison.Ordinal) + 6)..line.LastIndexOf(" end=1 msg=m", StringComparison.Ordinal)];
        bool isBare = path.Length > 0 && !path.Any(character => character is ' ' or '"' or '=' or '\\');
        bool isQuoted = path.Length >= 2 && path[0] == '"' && path[^1] == '"' && HasNoBareQuote(path[1..^1]);
        return (isBare || isQuoted) && !line.Any(char.IsControl);
    });

    [Theory]
    [InlineData(2_048, false)]
    [InlineData(2_049, true)]
    public void Long_value_is_cut(int characters, bool isCut)
    {
        string line = Line(LogLevel.Information, "Slice.X", new EventId(1, "e"), "m", ("path", new string('a', characters)));
        Assert.Equal(isCut, line.Contains("a…\" msg=m", StringComparison.Ordinal));
        Assert.Equal(2_048, line.Count(character => character == 'a') - "path".Count(character => character == 'a'));
    }

    [Fact]
    public void Field_named_as_one_of_ours_is_told_apart() => Assert.EndsWith(
        " event=e level_=x event_=y msg_=z msg=m",
        Line(LogLevel.Information, "Slice.X", new EventId(1, "e"), "m", ("Level", "x"), ("Event", "y"), ("Msg", "z")),
        StringComparison.Ordinal);

    [Fact]
    public void Original_format_is_not_a_field() =>
        Assert.EndsWith(
            " event=e msg=m",
            Line(LogLevel.Information, "Microsoft.X", new EventId(1, "e"), "m", ("{OriginalFormat}", "x {y}"))
                .Replace(" source=Microsoft.X", "", StringComparison.Ordinal),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("words", "words")]
    [InlineData("the origin failed a request: {reason} {target}", "the origin failed a request")]
    [InlineData("stopping: {active} requests have up to {timeout} to finish", "stopping: … requests have up to … to finish")]
    [InlineData("ready: proxy on {address}, cache {cache}", "ready: proxy on …, cache")]
    [InlineData("no room: {directory} seconds={seconds}", "no room")]
    [InlineData("{key}: is wrong", "…: is wrong")]
    public void Message_of_ours_does_not_repeat_its_fields(string template, string words) => Assert.EndsWith(
        words.Contains(' ', StringComparison.Ordinal) ? $" msg=\"{words}\"" : $" msg={words}",
        Line(LogLevel.Information, "Slice.X", new EventId(1, "e"), "with values", ("{OriginalFormat}", template)),
        StringComparison.Ordinal);

    [Fact]
    public void Value_that_is_words_is_the_message_and_no_field() => Assert.EndsWith(
        " event=notice key=--port msg=\"moved to (8081), by --port\"",
        Line(
            LogLevel.Information,
            "Slice.X",
            new EventId(1, "notice"),
            "moved to {8081}, by --port: --port",
            ("words", "moved to {8081}, by --port"),
            ("key", "--port"),
            ("{OriginalFormat}", "{words}: {key}")),
        StringComparison.Ordinal);

    [Fact]
    public void Message_that_is_a_field_as_a_whole_is_written_once() => Assert.EndsWith(
        " event=notice msg=\"moved by --port\"",
        Line(
            LogLevel.Information,
            "Slice.X",
            new EventId(1, "notice"),
            "moved by --port",
            ("notice", "moved by --port"),
            ("{OriginalFormat}", "{notice}")),
        StringComparison.Ordinal);

    [Fact]
    public void Null_value_is_empty() =>
        Assert.EndsWith(
            " metrics=\"\" msg=m",
            Line(LogLevel.Information, "Slice.X", new EventId(1, "e"), "m", ("metrics", null)),
            StringComparison.Ordinal);

    [Fact]
    public void Line_of_the_framework_names_its_source_and_event() => Assert.EndsWith(
        " event=kestrel_server source=Microsoft.AspNetCore.Server.KestrelServer msg=m",
        Line(LogLevel.Warning, "Microsoft.AspNetCore.Server.KestrelServer", default, "m"),
        StringComparison.Ordinal);

    [Fact]
    public void Exception_is_a_value_of_the_same_line()
    {
        StringBuilder line = new();
        LogfmtLine.Append(
            line,
            s_time,
            new LogEntryFields(
                LogLevel.Error, "Slice.X", new EventId(1, "e"), null, "m", new InvalidOperationException("first\nsecond")));
        Assert.EndsWith(" msg=m error=\"System.InvalidOperationException: first\\nsecond\"", line.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("address", "address")]
    [InlineData("RemoteAddress", "remote_address")]
    [InlineData("remoteAddress", "remote_address")]
    [InlineData("URLPath", "url_path")]
    [InlineData("HTTP2", "http2")]
    [InlineData("a b=c", "a_b_c")]
    [InlineData("A.B", "a_b")]
    [InlineData("", "_")]
    public void Key_is_in_snake_case(string name, string expected) => Assert.Equal(expected, LogfmtLine.ToSnakeCase(name));

    [Theory]
    [InlineData("Slice.Host.Instance", true)]
    [InlineData("Slice", false)]
    [InlineData("Slicer.X", false)]
    [InlineData("Microsoft.X", false)]
    [InlineData(null, false)]
    public void Own_categories_are_those_of_our_namespaces(string? category, bool isOwn) =>
        Assert.Equal(isOwn, LogfmtLine.IsOwnCategory(category));

    private static bool HasNoBareQuote(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                return false;
            }

            i += text[i] == '\\' ? 1 : 0;
        }

        return true;
    }

    private static string Line(LogLevel level) => Line(level, "Slice.X", new EventId(1, "e"), "m");

    private static string Line(
        LogLevel level, string category, EventId eventId, string message, params (string Name, object? Value)[] fields)
    {
        StringBuilder line = new();
        KeyValuePair<string, object?>[] state = [.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))];
        LogfmtLine.Append(
            line, s_time, new LogEntryFields(level, category, eventId, state, message, null));
        return line.ToString();
    }
}
