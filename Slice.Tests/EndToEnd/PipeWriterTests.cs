using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Slice.Core.Options;
using Slice.Host;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>On a connection without a socket, as under TLS, the pipe carries the same bytes.</summary>
public sealed class PipeWriterTests : IAsyncLifetime
{
    // Not a multiple of the 64 KiB that the writer takes at a time: a slice leaves in three pieces.
    private const int SliceBytes = 160 << 10;

    private readonly SocketlessTransport _transport =
        new(
            new SocketTransportFactory(
                Microsoft.Extensions.Options.Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance));

    private readonly RangeFile _file = new((20 * SliceBytes) + 1);
    private ScriptedOrigin _origin = null!;
    private Instance _proxy = null!;

    private EndPoint EndPoint => _proxy.ProxyEndPoint;

    public async ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(exchange => exchange.Request.Method == "GET"
            ? _file.AnswerAsync(exchange)
            : exchange.SendAsync(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + $"{exchange.Request.Body.Length:x}\r\n{Wire.Text(exchange.Request.Body.Span)}\r\n0\r\n\r\n"));
        var options = new SliceOptions
        {
            UpstreamAddresses = [_origin.Uri],
            SliceSizeBytes = SliceBytes,
            MaxRetries = 0,
            ListenAddress = "127.0.0.1:0",
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = false },
            Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },
        };
        _proxy = await Instance.StartAsync(
            options,
            Composition.Compose,
            logging => logging.ClearProviders(),
            services => services.AddSingleton<IConnectionListenerFactory>(_transport));
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    [Fact]
    public async Task Object_arrives_byte_exact_cold_and_warm()
    {
        foreach (string cache in new[] { "MISS", "HIT" })
        {
            using var sink = new VerifyingSink(_file.Content);
            var response = await RawClient.GetVerifiedAsync(EndPoint, "/file", sink, Deadline.Default);
            Assert.Equal(cache, response.Field("X-Cache"));
            Assert.Equal(_file.LengthBytes, sink.Count);
        }

        Assert.Equal(2, _transport.Connections);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, SliceBytes)]
    [InlineData(SliceBytes - 1, 2)]
    [InlineData(100, 5 * SliceBytes)]
    public async Task Range_arrives_byte_exact(int first, int count)
    {
        var response = await RawClient.GetAsync(EndPoint, "/file", $"Range: bytes={first}-{first + count - 1}");

        Assert.Equal($"bytes {first}-{first + count - 1}/{_file.LengthBytes}", response.Field("Content-Range"));
        Assert.Equal(TestContent.Bytes(first, count, _file.Seed), response.Body);
        Assert.Equal(1, _transport.Connections);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        using var client = await RawClient.ConnectAsync(EndPoint);

        await client.SendAsync(
            "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=8-11\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
            + "GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n");

        Assert.Equal(TestContent.Bytes(8, 4, _file.Seed), (await client.ReadResponseAsync()).Body);
        Assert.Equal("ok", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);
        Assert.Equal(400, (await client.ReadResponseAsync()).StatusCode);
        await client.ExpectClosedAsync();
    }

    [Fact]
    public async Task Failure_after_the_head_is_a_visible_abort()
    {
        _file.Fault = exchange => exchange.Request.Range is { First: 0 } ? null : new RangeFault { CutAfterBytes = 10 };
        using var client = await RawClient.ConnectAsync(EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        using var sink = new VerifyingSink(_file.Content);

        var response = await client.ReadVerifiedEndingAsync(sink);

        Assert.NotEqual(ResponseEnding.Complete, response.Ending);
        Assert.InRange(sink.Count, 0, 4 * SliceBytes);
    }

    [Fact]
    public async Task Client_that_does_not_read_costs_its_window_and_no_more()
    {
        _file.LengthBytes = 1L << 30;
        using var slow = await RawClient.ConnectAsync(EndPoint, receiveBufferBytes: 64 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/huge"));
        await slow.ReadHeadAsync();

        await Settled.RisingAsync(() => _file.ContentBytesSent, "bytes sent by the origin");

        Assert.InRange(_file.ContentBytesSent, 1, 16 << 20);
        Assert.Equal(TestContent.Bytes(0, 1 << 20, _file.Seed), await slow.ReadBytesAsync(1 << 20));
    }
}
