using System.Net;
using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

public sealed class HealthCommandTests
{
    private static readonly SliceOptions s_options = new()
    {
        UpstreamAddresses = [new Uri("http://origin.example.com/")],
        ListenAddress = "0.0.0.0:8080",
        HealthPath = "/up",
    };

    [Theory]
    [InlineData(true, "127.0.0.1:9090", "http://127.0.0.1:9090/health")]
    [InlineData(true, "0.0.0.0:9090", "http://127.0.0.1:9090/health")]
    [InlineData(true, "[::]:9090", "http://[::1]:9090/health")]
    [InlineData(true, "10.0.0.1:80", "http://10.0.0.1/health")]
    [InlineData(true, "127.0.0.1:0", null)]
    [InlineData(false, "127.0.0.1:9090", "http://127.0.0.1:8080/up")]
    public void Instance_of_the_configuration_is_asked_at_its_metrics_port_if_it_has_one(
        bool enabled, string address, string? expected) =>
        Assert.Equal(
            expected,
            HealthCommandRunner.UrlOf(s_options with { MetricsEndpoint = new() { Enabled = enabled, Address = address } })?.ToString());

    [Fact]
    public void Proxy_port_that_wants_PROXY_headers_is_not_asked() => Assert.Null(HealthCommandRunner.UrlOf(
        s_options with { MetricsEndpoint = new() { Enabled = false }, ProxyProtocol = new() { Enabled = true } }));

    [Theory]
    [InlineData("200 OK", ExitCode.Ok)]
    [InlineData("503 Service Unavailable", ExitCode.Unhealthy)]
    [InlineData("302 Found\r\nLocation: /elsewhere", ExitCode.Unhealthy)]
    public async Task Exit_code_is_the_answer(string status, int expected)
    {
        await using var instance = ScriptedOrigin.StartWithAnswers($"HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nyes");
        var (exitCode, output, _) = await AskAsync($"http://127.0.0.1:{instance.Port}/health");
        Assert.Equal((expected, "yes\n"), (exitCode, output));
    }

    // A script may read it; the terminal is safe all the same.
    [Fact]
    public async Task Answer_is_printed_as_the_JSON_that_it_is()
    {
        await using var instance = ScriptedOrigin.StartWithAnswers(
            "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{\"status\":\"healthy\",\"a\":\"\\\\\"}\n\u001b");
        Assert.Equal(
            "{\"status\":\"healthy\",\"a\":\"\\\\\"}\\n\\u001b\n", (await AskAsync($"http://127.0.0.1:{instance.Port}/health")).Output);
    }

    [Fact]
    public async Task No_connection_is_unhealthy_and_says_why()
    {
        using var nobody = new RefusingPort();
        var (exitCode, _, error) = await AskAsync($"{nobody.Uri}health");
        Assert.Equal(ExitCode.Unhealthy, exitCode);
        Assert.Contains("refused", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_unhealthy_after_the_timeout()
    {
        int port = FreePort.Reserve();
        using var silence = new DeafPort(IPAddress.Loopback, port);
        var (exitCode, _, error) = await AskAsync($"http://127.0.0.1:{port}/health", "--timeout", "50ms");
        Assert.Equal(ExitCode.Unhealthy, exitCode);
        Assert.Contains("no answer within 50ms", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_configuration_is_told_as_when_serving()
    {
        HealthCommand command = Assert.IsType<HealthCommand>(CommandLineParser.Parse(["health", "--config", "/nowhere/at/all.yaml"]));
        using StringWriter output = new(), error = new();
        int exitCode = await HealthCommandRunner.RunAsync(command, request => ConfigurationLoader.Load(request, _ => null), output, error);
        Assert.Equal(ExitCode.Configuration, exitCode);
        Assert.Contains("/nowhere/at/all.yaml", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("health ftp://127.0.0.1/", "ftp://127.0.0.1/: not understood")]
    [InlineData("health localhost", "localhost: not understood, allowed: HOST:PORT, http://HOST:PORT/PATH or ")]
    [InlineData("health --timeout 0", "--timeout: 0: not understood or out of range, allowed: 1ms to 5m")]
    [InlineData("health --port 0", "--port: 0: not understood or out of range, allowed: 1 to 65535")]
    [InlineData("health --bogus", "--bogus: unknown option")]
    public void Error_of_the_command_line_is_named(string line, string expected)
    {
        ShowAndExit show = Assert.IsType<ShowAndExit>(CommandLineParser.Parse(line.Split(' ')));
        Assert.Equal(ExitCode.Usage, show.ExitCode);
        Assert.Contains(expected, show.Error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> AskAsync(string url, params string[] options)
    {
        HealthCommand command = Assert.IsType<HealthCommand>(CommandLineParser.Parse(["health", url, .. options]));
        using StringWriter output = new() { NewLine = "\n" }, error = new();
        int exitCode = await HealthCommandRunner.RunAsync(
            command, _ => throw new InvalidOperationException("the URL says enough"), output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
