using System.Net.Sockets;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>Clients that hold, flood, cut and confuse connections (B33, B37 to B40, B54).</summary>
internal static class HostileConnections
{
    // One more than the turns at the origin that there are by default.
    private const int SlowUrls = 65;

    private static readonly string[] s_malformed =
    [
        "GET /files/plain/0 HTTP/1.1\nHost: x\n\n",
        "GET /files/plain/0 HTTP/1.1\r\n folded: evil\r\nHost: x\r\n\r\n",
        "GET /files/plain/0 HTTP/1.1\r\nHost: x\r\nHost: evil\r\n\r\n",
        "GET /files/plain/0\r\n\r\n",
        "POST /files/plain/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /files/plain/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 35\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /pages/mixed/0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\nevil\r\n0\r\n\r\n",
        "GET /files/plain/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 38\r\n\r\nDELETE /files/plain/0 HTTP/1.1\r\nHost: x",
        "GET /files/plain/0\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
        "GET /files/plain/0 HTTP/1.1\r\nHost: x\r\nConnection: Host, Range, close\r\nTE: trailers\r\n\r\n",
    ];

    /// <summary>The kinds.</summary>
    public static IReadOnlyList<HostileKind> Kinds { get; } =
    [
        new("aborting in the middle", AbortInTheMiddleAsync),
        new("aborting at the head", AbortAtTheHeadAsync),
        new("slow readers", SlowReadersAsync),
        new("slow URLs", SlowUrlsAsync) { Acts = 1 },
        new("half a head for ever", HalfHeadsAsync),
        new("malformed heads", act => act.DisturbRawAsync(act.Random.Pick(s_malformed))),
        new("connections that close at once", FloodAsync),
        new("half-closed clients", HalfClosedAsync),
        new("pipelines that nobody reads", PipelineAsync),
    ];

    private static Task AbortInTheMiddleAsync(HostileAct act) => HostileAct.AtOnceAsync(3, async _ =>
    {
        using var client = await RawClient.ConnectAsync(act.Proxy);
        await client.SendAsync(RawClient.Request("GET", act.File(), act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept: */*"));
        await client.ReadHeadAsync();
        client.Abort();
    });

    private static Task AbortAtTheHeadAsync(HostileAct act) => HostileAct.AtOnceAsync(3, async index =>
    {
        using var client = await RawClient.ConnectAsync(act.Proxy);
        string target = act.Random.OneIn(2) ? act.File() : $"/files/once/{act.Run.NextOnce + 1 + index}";
        await client.SendAsync(RawClient.Request("GET", target, act.Random.OneIn(2) ? "Cache-Control: no-cache" : "Accept: */*"));
        client.Abort();
    });

    private static Task SlowReadersAsync(HostileAct act) => HostileAct.AtOnceAsync(4, async index =>
    {
        using var client = await RawClient.ConnectAsync(act.Proxy, receiveBufferBytes: 4096);
        string target = index == 0 ? $"/files/once/{act.Run.NextOnce + 1}" : act.File();
        await client.SendAsync(RawClient.Request("GET", target));
        await client.ReadHeadAsync();
        await act.OthersAsync(answers: 5);
    });

    private static Task SlowUrlsAsync(HostileAct act) => HostileAct.AtOnceAsync(SlowUrls, async _ =>
    {
        using var client = await RawClient.ConnectAsync(act.Proxy);
        string where = act.Random.OneIn(3) ? "/pages" : "/files";
        await client.SendAsync(RawClient.Request("GET", $"{where}/slow?{act.Random.NextBits()}"));
        await act.OthersAsync(answers: 10);
    });

    private static Task HalfHeadsAsync(HostileAct act) => HostileAct.AtOnceAsync(10, async _ =>
    {
        using var client = await RawClient.ConnectAsync(act.Proxy);
        await client.SendAsync("GET /files/plain/0 HTTP/1.1\r\nHost: evil.exam");
        await act.OthersAsync(answers: 5);
    });

    private static Task FloodAsync(HostileAct act) => HostileAct.AtOnceAsync(30, async index =>
    {
        using var client = await RawClient.ConnectAsync(act.Proxy);
        if (index % 3 == 0)
        {
            client.Abort();
        }
        else if (index % 3 == 1)
        {
            await client.SendAsync("GET ");
        }
    });

    private static Task HalfClosedAsync(HostileAct act) =>
        act.DisturbRawAsync(RawClient.Request(act.Random.OneIn(4) ? "HEAD" : "GET", act.Path(), "Connection: keep-alive"));

    private static async Task PipelineAsync(HostileAct act)
    {
        using var client = await RawClient.ConnectAsync(act.Proxy);
        try
        {
            await client.SendAsync(string.Concat(Enumerable.Repeat(RawClient.Request("GET", act.File()), 20)));
            await act.OthersAsync(answers: 2);
        }
        catch (SocketException)
        {
            // Ended by the proxy: all the same to this one.
        }
    }
}
