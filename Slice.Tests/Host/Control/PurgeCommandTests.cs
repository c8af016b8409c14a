using System.Text.Json;
using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Control;

/// <summary><c>pingora-slice purge</c> against a running instance.</summary>
public sealed class PurgeCommandTests
{
    private const string Token = "s3cret-token";

    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: one,two"] };

    [Fact]
    public async Task Urls_are_purged_one_by_one_with_a_line_each()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/a");
        await proxy.GetAsync("/b");

        var (exitCode, output, error) = await RunAsync(proxy, "purge", "/a", "/none");

        Assert.Equal((ExitCode.Ok, ""), (exitCode, error));
        Assert.Equal("/a: purged, with 4 slices\n/none: nothing is stored under this URL\n", output);
        Assert.Equal("MISS", (await proxy.GetAsync("/a")).Field("X-Cache"));
        Assert.Equal("HIT", (await proxy.GetAsync("/b")).Field("X-Cache"));
    }

    [Theory]
    [InlineData("/: purged: 2 objects, with 8 slices\n", "--prefix", "/")]
    [InlineData("/a: purged: 1 object, with 4 slices\n/b: purged: 1 object, with 4 slices\n", "--prefix", "/a", "--prefix", "/b")]
    [InlineData("three,two: purged: 2 objects, with 8 slices\n", "--tag", "three", "--tag", "two")]
    [InlineData("everything: purged: 2 objects, with 8 slices\n", "--all")]
    [InlineData("everything: stale from now on: 2 objects, with 8 slices\n", "--all", "--soft")]
    [InlineData("/a: stale from now on, with 4 slices\n", "--soft", "/a")]
    public async Task Scope_and_softness_are_those_of_the_options(string expected, params string[] arguments)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/a");
        await proxy.GetAsync("/b");

        Assert.Equal((ExitCode.Ok, expected, ""), await RunAsync(proxy, ["purge", .. arguments]));

        bool isSoft = arguments.Contains("--soft");
        Assert.Equal(isSoft, (await proxy.GetAsync("/a")).Field("Cache-Status")!.Contains("detail=purged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Url_with_a_host_is_of_that_host()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { ForwardHost = true });
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync("GET /a HTTP/1.1\r\nHost: files.example:8080\r\n\r\n");
            await client.ReadResponseAsync();
        }

        Assert.Equal("/a: nothing is stored under this URL\n", (await RunAsync(proxy, "purge", "/a")).Output);
        Assert.Contains(
            "purged, with 4 slices", (await RunAsync(proxy, "purge", "http://files.example:8080/a")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_an_object_a_line()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/a");

        var (exitCode, output, _) = await RunAsync(proxy, "purge", "--json", "/a", "/b");

        Assert.Equal(ExitCode.Ok, exitCode);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        using var first = JsonDocument.Parse(lines[0]);
        Assert.Equal(
            ["asked", "status", "success", "purged_count", "message"],
            first.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(4, first.RootElement.GetProperty("purged_count").GetInt32());
        using var second = JsonDocument.Parse(lines[1]);
        Assert.Equal(
            (404, false), (second.RootElement.GetProperty("status").GetInt32(), second.RootElement.GetProperty("success").GetBoolean()));
    }

    [Theory]
    [InlineData(false, null, ExitCode.CannotStart)]
    [InlineData(false, Token, ExitCode.Ok)]
    [InlineData(false, "guess", ExitCode.CannotStart)]
    [InlineData(true, null, ExitCode.Ok)]
    public async Task Token_is_shown_on_the_proxy_port(bool isConfigured, string? token, int expected)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { Purge = new PurgeOptions { AuthToken = Token } });
        await proxy.GetAsync("/a");
        string[] arguments = ["purge", "/a", "--instance", proxy.EndPoint.ToString(), .. token is null ? [] : new[] { "--token", token }];

        var (exitCode, output, _) = await RunAsync(
            isConfigured ? new SliceOptions { Purge = new PurgeOptions { AuthToken = Token } } : null, arguments);

        Assert.Equal(expected, exitCode);
        Assert.StartsWith(
            expected == ExitCode.Ok ? "/a: purged" : "/a: failed with 401: a valid token is required", output, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_without_a_metrics_port_is_asked_on_the_proxy_port()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { Purge = new PurgeOptions { AuthToken = Token } });
        await proxy.GetAsync("/a");
        var options = new SliceOptions
        {
            ListenAddress = $"0.0.0.0:{proxy.EndPoint.Port}",
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = false },
            Purge = new PurgeOptions { AuthToken = Token },
        };
        Assert.Equal((ExitCode.Ok, "/a: purged, with 4 slices\n", ""), await RunAsync(options, "purge", "/a"));
    }

    [Fact]
    public async Task Instance_that_nobody_may_purge_says_so()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { MetricsEndpoint = new MetricsEndpointOptions { Enabled = false } });
        var options = new SliceOptions
        {
            ListenAddress = $"0.0.0.0:{proxy.EndPoint.Port}",
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = false },
        };
        Assert.Equal(
            (ExitCode.CannotStart,
                "/a: failed with 401: no purge.auth_token is configured and metrics_endpoint.enabled is off, so nobody may: "
                    + "configure a token and show it\n",
                ""),
            await RunAsync(options, "purge", "/a"));
    }

    [Fact]
    public async Task Instance_that_is_not_there_fails_every_line()
    {
        using var refusing = new RefusingPort();
        var (exitCode, output, _) = await RunAsync((SliceOptions?)null, "purge", "/a", "/b", "--instance", refusing.Uri.Authority);
        Assert.Equal(ExitCode.CannotStart, exitCode);
        Assert.Equal(2, output.Split("cannot be reached").Length - 1);
    }

    [Fact]
    public async Task Server_that_is_not_ours_has_purged_nothing()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "fine"));
        var (exitCode, output, _) = await RunAsync((SliceOptions?)null, "purge", "/a", "--instance", origin.Authority);
        Assert.Equal((ExitCode.CannotStart, "/a: answered 200, and not in the words of a PURGE: nothing is purged\n"), (exitCode, output));
    }

    [Fact]
    public async Task Answer_without_end_is_not_read_to_the_end()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (!exchange.Stopped.IsCancellationRequested)
            {
                await exchange.SendAsync($"1000\r\n{new string('x', 0x1000)}\r\n");
            }
        });
        var (exitCode, output, _) = await RunAsync((SliceOptions?)null, "purge", "/a", "--instance", origin.Authority);
        Assert.Equal(
            (ExitCode.CannotStart, $"/a: {origin.Authority} answers more than pingora-slice ever does\n"), (exitCode, output));
    }

    [Fact]
    public async Task Tag_of_any_characters_is_purged()
    {
        _file.ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: caf\u00c3\u00a9"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/a");

        Assert.Equal(
            (ExitCode.Ok, "caf\u00e9: purged: 1 object, with 4 slices\n", ""), await RunAsync(proxy, "purge", "--tag", "caf\u00e9"));
    }

    [Fact]
    public async Task Configuration_that_is_not_there_is_told_and_nothing_is_asked()
    {
        var (exitCode, output, error) = await RunAsync((SliceOptions?)null, "purge", "/a");
        Assert.Equal((ExitCode.Configuration, ""), (exitCode, output));
        Assert.Contains("no file", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_without_a_port_asks_for_the_instance()
    {
        var (exitCode, _, error) = await RunAsync(
            new SliceOptions { MetricsEndpoint = new MetricsEndpointOptions { Address = "127.0.0.1:0" } }, "purge", "/a");
        Assert.Equal(ExitCode.Configuration, exitCode);
        Assert.Contains("--instance", error, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(ProxyUnderTest proxy, params string[] arguments) =>
        RunAsync(
            new SliceOptions { MetricsEndpoint = new MetricsEndpointOptions { Address = proxy.AdminEndPoint.ToString() } }, arguments);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(SliceOptions? options, params string[] arguments)
    {
        var command = Assert.IsType<PurgeCommand>(CommandLineParser.Parse(arguments));
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exitCode = await PurgeCommandRunner.RunAsync(
            command.Order, _ => Loaded(options), output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    private static LoadedConfiguration Loaded(SliceOptions? options) => new(
        options, [], options is null ? [new ConfigurationError("configuration", 0, 0, null, null, "no file found", null)] : [], []);
}
