using System.Globalization;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What the shipped HAProxy configuration makes of an instance that dies with a request in its hands, as by SIGKILL.</summary>
public sealed partial class DyingInstanceTests : IAsyncLifetime
{
    private const int Instances = 3;

    private readonly ScriptedOrigin[] _instances = new ScriptedOrigin[Instances];
    private HaproxyServer? _haproxy;
    private int _requests;

    public async ValueTask InitializeAsync()
    {
        for (int index = 0; index < Instances; index++)
        {
            _instances[index] = ScriptedOrigin.Start(AnswerAsync);
        }

        int next = 0;
        string configuration = InstancePort()
            .Replace(Repository.Read("systemd/haproxy.cfg"), _ => _instances[next++].Authority)
            .Replace("bind :80", "bind 127.0.0.1:{{port}}", StringComparison.Ordinal);
        _haproxy = await HaproxyServer.StartAsync(configuration);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_haproxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (ScriptedOrigin instance in _instances)
        {
            await instance.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("GET", 200, 2)]
    [InlineData("HEAD", 200, 2)]
    [InlineData("POST", 502, 1)]
    public async Task Request_without_an_answer_goes_to_another_instance_unless_it_changes_something(string method, int status, int sent)
    {
        using var client = await RawClient.ConnectAsync(_haproxy!.EndPoint);
        await client.SendAsync(string.Create(
            CultureInfo.InvariantCulture, $"{method} /file HTTP/1.1\r\nHost: files.example\r\nContent-Length: 0\r\n\r\n"));

        Assert.Equal(status, (await client.ReadHeadAsync()).StatusCode);
        Assert.Equal(sent, Volatile.Read(ref _requests));
    }

    // The first request finds an instance that dies; health checks, and what follows, find one that lives.
    private Task AnswerAsync(OriginExchange exchange) =>
        exchange.Request.Target == "/health" || Interlocked.Increment(ref _requests) > 1
            ? exchange.RespondAsync("200 OK")
            : exchange.ResetAsync();

    [GeneratedRegex("127\\.0\\.0\\.1:808[0-2]")]
    private static partial Regex InstancePort();
}
