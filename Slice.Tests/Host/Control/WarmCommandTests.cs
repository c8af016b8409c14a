using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Control;

/// <summary><c>pingora-slice warm</c> against a running instance.</summary>
public sealed class WarmCommandTests
{
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=3600"] };

    [Fact]
    public async Task Objects_are_in_the_cache_afterwards()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/a");

        var (exitCode, output, error) = await RunAsync(proxy, "", "warm", "/a", "http://files.example/b?q");

        Assert.Equal((ExitCode.Ok, ""), (exitCode, error));
        Assert.StartsWith("2 objects, 32 B, ", output, StringComparison.Ordinal);
        Assert.EndsWith("/s, 1 already there\n", output, StringComparison.Ordinal);
        int requests = origin.RequestCount;
        Assert.Equal("HIT", (await proxy.GetAsync("/b?q")).Field("X-Cache"));
        Assert.Equal(requests, origin.RequestCount);
    }

    [Fact]
    public async Task Hyphen_stands_for_the_lines_of_standard_input()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        var (exitCode, output, _) = await RunAsync(proxy, "\uFEFF/b\n\n  /c  \r\n", "warm", "/a", "-", "/d");

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.StartsWith("4 objects, ", output, StringComparison.Ordinal);
        Assert.Equal(["/a", "/b", "/c", "/d"], origin.Requests.Select(request => request.Target).Distinct().Order());
    }

    [Fact]
    public async Task What_cannot_be_had_is_told_and_the_rest_goes_on()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Target switch
        {
            "/gone" => exchange.RespondAsync("404 Not Found"),
            "/cut" => CutAsync(exchange),
            _ => _file.AnswerAsync(exchange),
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 1 << 16, options => options with { MaxRetries = 0 });

        var (exitCode, output, error) = await RunAsync(proxy, "not-a-url\n", "warm", "--parallel", "1", "/gone", "/cut", "-", "/a");

        Assert.Equal(ExitCode.CannotStart, exitCode);
        Assert.Contains(", 3 failed\n", output, StringComparison.Ordinal);
        string[] lines = error.TrimEnd('\n').Split('\n');
        Assert.Equal("/gone: answered 404", lines[0]);
        Assert.StartsWith("/cut: ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("not-a-url: not a path", lines[2], StringComparison.Ordinal);
        Assert.Equal("HIT", (await proxy.GetAsync("/a")).Field("X-Cache"));

        static async Task CutAsync(OriginExchange exchange)
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegins");
            await exchange.CloseAsync();
        }
    }

    [Fact]
    public async Task Object_that_is_served_stale_is_there_already()
    {
        _file.ExtraFields = ["Cache-Control: max-age=0, stale-while-revalidate=3600"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/a");

        var (_, output, _) = await RunAsync(proxy, "", "warm", "/a");

        Assert.EndsWith("/s, 1 already there\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_not_be_kept_is_counted()
    {
        _file.ExtraFields = ["Cache-Control: no-store"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        var (exitCode, output, _) = await RunAsync(proxy, "", "warm", "/a");
        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.EndsWith("/s, 1 not kept\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_behind_a_balancer_is_spoken_to_as_one()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        var balanced = new ProxyProtocolOptions { Enabled = true, TrustedAddresses = ["127.0.0.1"] };
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { ProxyProtocol = balanced });
        Assert.Equal(ExitCode.Ok, (await RunAsync(proxy, "", "warm", "/a")).ExitCode);
    }

    [Fact]
    public async Task No_more_are_under_way_than_were_asked_for()
    {
        int running = 0;
        int most = 0;
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            int now = Interlocked.Increment(ref running);
            most = Math.Max(most, now);
            if (now == 3)
            {
                gate.TrySetResult();
            }

            await exchange.WaitAsync(gate.Task);
            Interlocked.Decrement(ref running);
            await _file.AnswerAsync(exchange);
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);

        string urls = string.Concat(Enumerable.Range(0, 20).Select(number => $"/{number}\n"));
        Assert.Equal(ExitCode.Ok, (await RunAsync(proxy, urls, "warm", "--parallel", "3", "-")).ExitCode);
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task Terminal_sees_how_far_it_is()
    {
        var gate = new TaskCompletionSource();
        _file.Fault = RangeFile.OnRequest(1, new RangeFault { HeadGate = gate.Task });
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        var time = new FakeTimeProvider();
        using var terminal = new StringWriter { NewLine = "\n" };
        var command = Assert.IsType<WarmCommand>(CommandLineParser.Parse(["warm", "/a"]));
        using var output = new StringWriter { NewLine = "\n" };
        var run = WarmCommandRunner.RunAsync(
            command.Order, _ => Loaded(proxy), TextReader.Null, output, TextWriter.Synchronized(terminal), isTerminal: true, time,
            TestContext.Current.CancellationToken);
        await origin.RequestsArrivedAsync(1);

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return terminal.ToString().Contains("0 objects, 0 B, 0 B/s", StringComparison.Ordinal);
            },
            "a line of progress");
        gate.SetResult();
        Assert.Equal(ExitCode.Ok, await Deadline.WithinAsync(run, "the end"));
        Assert.EndsWith("\r\u001b[K", terminal.ToString(), StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        ProxyUnderTest proxy, string input, params string[] arguments)
    {
        var command = Assert.IsType<WarmCommand>(CommandLineParser.Parse(arguments));
        using var reader = new StringReader(input);
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exitCode = await WarmCommandRunner.RunAsync(
            command.Order, _ => Loaded(proxy), reader, output, error, isTerminal: false, TimeProvider.System,
            TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    private static LoadedConfiguration Loaded(ProxyUnderTest proxy) =>
        new(proxy.Composition.Settings.Current.Options with { ListenAddress = proxy.EndPoint.ToString() }, [], [], []);
}
