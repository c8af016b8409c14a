using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>What an origin says in the handshake instead of going on, in words; the alerts are literal bytes (RFC 8446 §6).</summary>
public sealed class OriginTlsFailuresTests
{
    [Theory]
    [Trait("Behaviour", "B21")]
    [InlineData(40, "no TLS: the origin has ended the handshake: it has no cipher in common with us, or wants a certificate of ours")]
    [InlineData(48, "no TLS: the origin wants a certificate of ours, and there is none")]
    [InlineData(70, "no TLS: the origin has no version of TLS in common with us, who have 1.2 and 1.3")]
    [InlineData(112, "no TLS: the origin does not know the name shop.example (upstream_tls.server_name)")]
    [InlineData(120, "no TLS: the origin does not speak HTTP/1.1 on this port")]
    public Task Alert_is_told_in_words(byte alert, string words) => AssertFailsAsync([0x15, 3, 3, 0, 2, 2, alert], words);

    [Fact]
    [Trait("Behaviour", "B21")]
    public Task Plain_http_is_told_in_words() => AssertFailsAsync(
        Wire.Bytes("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
        "no TLS: the origin does not speak TLS on this port; is upstream_address to begin with http://?");

    private static async Task AssertFailsAsync(byte[] answer, string words)
    {
        var ct = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, ct);
        using var origin = await listener.AcceptSocketAsync(ct);
        var handshake = new OriginTls(new UpstreamTlsOptions()).ShakeHandsAsync(socket, "shop.example", ct);
        await origin.ReceiveAsync(new byte[4096], ct);
        await origin.SendAsync(answer, ct);

        var error = await Assert.ThrowsAsync<OriginConnectException>(() => handshake);

        Assert.Equal((FetchError.TlsProtocolError, words), (error.Error, error.Message));
    }
}
