using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The access log as an operator reads it, of a proxy in this process.</summary>
public sealed partial class AccessLogTests : IAsyncLifetime
{
    private readonly TestDirectory _directory = new("access-log");
    private readonly RangeFile _file = new(1000);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 4, 11, 9, 123, TimeSpan.Zero));
    private ScriptedOrigin _origin = null!;
    private ProxyUnderTest _proxy = null!;

    private string LogFile => _directory.Combine("access.log");

    public ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
        _directory.Dispose();
    }

    private async Task StartAsync(string format, Func<SliceOptions, SliceOptions>? configure = null)
    {
        _file.Time = _time;
        _proxy = await ProxyUnderTest.StartAsync(
            _origin.Uri,
            100,
            options => (configure?.Invoke(options) ?? options) with
            {
                AccessLog = new AccessLogOptions { Path = LogFile, Format = format },
                TrustedProxies = ["127.0.0.1"],
            },
            _time);
    }

    // A line is written when the client has its answer: who counts on the order of two waits for the first.
    private async Task<string[]> LinesAsync(int count)
    {
        string[] lines = [];
        await Eventually.TrueAsync(
            () => (lines = File.Exists(LogFile) ? File.ReadAllLines(LogFile) : []).Length >= count,
            () => $"{count} lines in:\n{string.Join('\n', lines)}");
        Assert.Equal(count, lines.Length);
        return lines;
    }

    [Fact]
    public async Task Combined_is_what_every_log_tool_reads()
    {
        await StartAsync("combined");

        await _proxy.GetAsync("/file?a=b", "User-Agent: curl/8.0", "Referer: http://a.example/", "X-Forwarded-For: 192.0.2.7");
        await LinesAsync(1);
        await _proxy.GetAsync("/file", "Range: bytes=0-9");

        string[] lines = await LinesAsync(2);
        Assert.Equal(
            "192.0.2.7 - - [29/Nov/2026:04:11:09 +0000] \"GET /file?a=b HTTP/1.1\" 200 1000 \"http://a.example/\" \"curl/8.0\"", lines[0]);
        Assert.Equal("127.0.0.1 - - [29/Nov/2026:04:11:09 +0000] \"GET /file HTTP/1.1\" 206 10 \"-\" \"-\"", lines[1]);
        Assert.All(lines, line => Assert.Matches(CombinedLine(), line));
    }

    [Fact]
    public async Task Json_has_every_figure_of_the_exchange()
    {
        await StartAsync("json");

        await _proxy.GetAsync("/file", "Range: bytes=0-199", "X-Request-Id: abc-1", "X-Forwarded-Host: shop.example");
        await LinesAsync(1);
        await _proxy.GetAsync("/file", "Range: bytes=100-299");

        string[] lines = await LinesAsync(2);
        var cold = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal("2026-11-29T04:11:09.123Z", cold.GetProperty("time").GetString());
        Assert.Equal("127.0.0.1", cold.GetProperty("client").GetString());
        Assert.Equal("127.0.0.1", cold.GetProperty("peer").GetString());
        Assert.Equal("http", cold.GetProperty("scheme").GetString());
        Assert.Equal("shop.example", cold.GetProperty("host").GetString());
        Assert.Equal("GET", cold.GetProperty("method").GetString());
        Assert.Equal("/file", cold.GetProperty("target").GetString());
        Assert.Equal("HTTP/1.1", cold.GetProperty("protocol").GetString());
        Assert.Equal(206, cold.GetProperty("status").GetInt32());
        Assert.Equal(200, cold.GetProperty("bytes").GetInt64());
        Assert.Equal("MISS", cold.GetProperty("cache").GetString());
        Assert.Equal(JsonValueKind.Null, cold.GetProperty("cache_reason").ValueKind);
        Assert.Equal(2, cold.GetProperty("slices_fetched").GetInt32());
        Assert.Equal(_origin.Uri.ToString().TrimEnd('/'), cold.GetProperty("origin").GetString());
        Assert.Equal(0, cold.GetProperty("origin_time").GetDouble());
        Assert.Equal(0, cold.GetProperty("first_byte").GetDouble());
        Assert.Equal(0, cold.GetProperty("duration").GetDouble());
        Assert.Equal("complete", cold.GetProperty("ending").GetString());
        Assert.Equal("abc-1", cold.GetProperty("request_id").GetString());
        Assert.Equal(JsonValueKind.Null, cold.GetProperty("user_agent").ValueKind);
        var half = JsonDocument.Parse(lines[1]).RootElement;
        Assert.Equal(("PARTIAL", 1, 1, 100L), (
            half.GetProperty("cache").GetString(),
            half.GetProperty("slices_hit").GetInt32(),
            half.GetProperty("slices_fetched").GetInt32(),
            half.GetProperty("bytes_from_cache").GetInt64()));
        Assert.Matches("^[0-9a-f]{32}$", half.GetProperty("request_id").GetString()!);
    }

    [Fact]
    public async Task Logfmt_quotes_what_needs_quotes()
    {
        await StartAsync("logfmt");
        await _proxy.GetAsync("/health", "User-Agent: a b=c");
        string line = Assert.Single(await LinesAsync(1));
        Assert.StartsWith("time=2026-11-29T04:11:09.123Z client=127.0.0.1 ", line, StringComparison.Ordinal);
        Assert.Contains(" cache=- cache_reason=- ", line, StringComparison.Ordinal);
        Assert.EndsWith(" referer=- user_agent=\"a b=c\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Template_is_written_as_it_stands()
    {
        await StartAsync("{{{status}}} {cache} {slices_hit}/{slices_fetched} {duration}");
        await _proxy.GetAsync("/file");
        await LinesAsync(1);
        await _proxy.GetAsync("/file");
        Assert.Equal(["{200} MISS 0/10 0.000000", "{200} HIT 10/0 0.000000"], await LinesAsync(2));
    }

    // A client that writes line ends, quotes and bytes of no charset wherever it may.
    [Theory]
    [InlineData("combined")]
    [InlineData("json")]
    [InlineData("logfmt")]
    [InlineData("{client} \"{target}\" \"{user_agent}\" {request_id}")]
    public async Task No_client_forges_a_line(string format)
    {
        await StartAsync(format);
        using var client = await RawClient.ConnectAsync(_proxy.EndPoint);
        await client.SendAsync(
            "GET /file?'x|{ HTTP/1.1\r\nHost: a\r\nUser-Agent: \"} \t\u0080\u00e9\u00ff 200 \\\" \"\r\nReferer: \u2028\r\n"
            + "X-Request-Id: \"]\\n\r\nX-Forwarded-For: 1.2.3.4\" - - [\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        string line = Assert.Single(await LinesAsync(1));

        Assert.DoesNotContain(line, char.IsControl);
        if (format == "json")
        {
            Assert.Equal(23, JsonDocument.Parse(line).RootElement.EnumerateObject().Count());
        }
        else if (format == "combined")
        {
            Assert.Matches(CombinedLine(), line);
        }
        else
        {
            Assert.True(line.Count(character => character == '"') % 2 == 0, line);
        }
    }

    [Fact]
    public async Task Refused_head_and_one_that_is_too_long_have_lines_too()
    {
        await StartAsync("json");
        using var client = await RawClient.ConnectAsync(_proxy.EndPoint);
        await client.SendAsync("GET /\u0001 HTTP/1.1\r\n\r\n");
        Assert.Equal(400, (await client.ReadResponseAsync()).StatusCode);
        await LinesAsync(1);
        await _proxy.GetAsync("/" + new string('a', 8000), "User-Agent: " + new string('"', 9000));

        string[] lines = await LinesAsync(2);

        var refused = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal((400, "refused", JsonValueKind.Null), (
            refused.GetProperty("status").GetInt32(),
            refused.GetProperty("ending").GetString(),
            refused.GetProperty("target").ValueKind));
        var longest = JsonDocument.Parse(lines[1]).RootElement;
        Assert.Equal(8001, longest.GetProperty("target").GetString()!.Length);
        Assert.Equal(4096, longest.GetProperty("user_agent").GetString()!.Length);
    }

    [Fact]
    public async Task Line_of_many_long_values_is_cut_and_ends()
    {
        await StartAsync(string.Concat(Enumerable.Repeat("{target} ", 63)) + "{status}");
        await _proxy.GetAsync("/" + new string('a', 8000));
        string line = Assert.Single(await LinesAsync(1));
        Assert.InRange(line.Length, 20_000, 32 << 10);
        Assert.EndsWith(" 200", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_turns_the_log_off_and_on_and_changes_its_format()
    {
        await StartAsync("{target}");
        var options = _proxy.Composition.Settings.Current.Options;
        await _proxy.GetAsync("/a");
        await LinesAsync(1);
        _proxy.Instance.Apply(options with { AccessLog = new AccessLogOptions() });
        await _proxy.GetAsync("/b");
        _proxy.Instance.Apply(options with { AccessLog = new AccessLogOptions { Path = LogFile, Format = "{status}" } });
        await _proxy.GetAsync("/c");

        Assert.Equal(["/a", "200"], await LinesAsync(2));
    }

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task File_is_opened_again_when_it_was_moved()
    {
        await StartAsync("{target}");
        await _proxy.GetAsync("/a");
        await LinesAsync(1);
        File.Move(LogFile, LogFile + ".1");
        await _proxy.GetAsync("/b");
        await Eventually.TrueAsync(() => File.ReadAllLines(LogFile + ".1").Length == 2, "the line in the file that was moved");
        _proxy.Instance.Parts.ReopenLogs();
        await Eventually.TrueAsync(() => File.Exists(LogFile), "a new file, without a request");
        await _proxy.GetAsync("/c");

        Assert.Equal(["/c"], await LinesAsync(1));
        Assert.Equal(["/a", "/b"], File.ReadAllLines(LogFile + ".1"));
    }

    [Fact]
    public async Task Lost_lines_are_a_metric()
    {
        await StartAsync("{target}");
        Assert.Equal(0, await _proxy.MetricAsync("access_log_dropped_total"));
    }

    [Fact]
    public async Task Time_of_the_origin_is_that_until_its_head()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _origin.Answer = async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await exchange.RespondAsync("200 OK", "ok");
        };
        await StartAsync("{origin_time} {first_byte} {duration}");
        using var client = await RawClient.ConnectAsync(_proxy.EndPoint);
        await client.SendAsync("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        await _origin.RequestsArrivedAsync(1);
        _time.Advance(TimeSpan.FromMilliseconds(1500));
        gate.SetResult();
        await client.ReadResponseAsync();

        string[] seconds = (await LinesAsync(1))[0].Split(' ');
        Assert.All(seconds, text => Assert.Equal(1.5, double.Parse(text, CultureInfo.InvariantCulture)));
    }

    [GeneratedRegex("""^[0-9a-f.:-]+ - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "[^"]+" \d+ \d+ "[^"]*" "[^"]*"$""")]
    private static partial Regex CombinedLine();
}
