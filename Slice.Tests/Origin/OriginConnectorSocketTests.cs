using System.Net;
using System.Net.Sockets;
using System.Text;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>The connector over real sockets, plain and with TLS (B65, B21).</summary>
public sealed class OriginConnectorSocketTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TestDirectory _directory = new("connector");
    private readonly string _caFile;

    public OriginConnectorSocketTests()
    {
        _caFile = _directory.Combine("ca.pem");
        File.WriteAllText(_caFile, _authority.Pem);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Address_that_takes_no_connection_is_passed_over_and_its_attempt_is_closed()
    {
        // The first address drops every SYN: its queue of connections is full.
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "here"));
        using var deaf = new DeafPort(IPAddress.Parse("127.0.0.2"), origin.Port);
        List<Task<Socket>> attempts = [];
        var connector = new OriginConnector(
            new SliceOptions(),
            TimeProvider.System,
            _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback]),
            (endPoint, ct) =>
            {
                attempts.Add(OriginConnector.DialAsync(endPoint, ct));
                return attempts[^1];
            });

        await using var stream = await ConnectAsync(connector, "origin.test", origin.Port);

        var socket = Assert.IsType<NetworkStream>(stream).Socket;
        Assert.Equal(origin.EndPoint, socket.RemoteEndPoint);
        Assert.True(socket.NoDelay);
        Assert.Equal([TaskStatus.Canceled, TaskStatus.RanToCompletion], attempts.Select(attempt => attempt.Status));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task Name_and_address_of_this_machine_are_reached_by_its_own_resolver(string host)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "here"));

        await using var stream = await ConnectAsync(new OriginConnector(new SliceOptions(), TimeProvider.System), host, origin.Port);

        Assert.EndsWith("here", await AskAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_of_ipv6_is_reached_with_and_without_brackets()
    {
        using var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen(2);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        var connector = new OriginConnector(new SliceOptions(), TimeProvider.System);

        foreach (string host in (string[])["::1", "[::1]"])
        {
            await using var stream = await ConnectAsync(connector, host, port);
            Assert.Equal(listener.LocalEndPoint, Assert.IsType<NetworkStream>(stream).Socket.RemoteEndPoint);
        }
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Address_with_a_bad_certificate_is_passed_over_and_comes_last_afterwards()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "here"));
        using var bad = _authority.Issue("other.test");
        using var good = _authority.Issue("origin.test");
        await using var badFront = new TlsFront(origin, bad);
        await using var goodFront = new TlsFront(origin, good);
        var connector = NewTlsConnector(new AddressBook(badFront.Port, goodFront.Port));

        for (int connection = 0; connection < 2; connection++)
        {
            await using var stream = await ConnectAsync(connector, "origin.test", 443);
            Assert.IsType<OriginTlsStream>(stream);
            Assert.EndsWith("here", await AskAsync(stream), StringComparison.Ordinal);
        }

        Assert.Equal(["origin.test"], badFront.ServerNames);
        Assert.Equal(["origin.test", "origin.test"], goodFront.ServerNames);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Certificates_that_are_all_bad_are_told_by_address()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "here"));
        using var bad = _authority.Issue("other.test");
        await using var front = new TlsFront(origin, bad);
        var connector = NewTlsConnector(new AddressBook(front.Port, front.Port));

        var error = await Assert.ThrowsAsync<OriginConnectException>(() => ConnectAsync(connector, "origin.test", 443));

        Assert.Equal(FetchError.TlsCertificateError, error.Error);
        Assert.Equal(
            "192.0.2.1: the certificate is not for origin.test (upstream_tls.server_name): CN=other.test; "
                + "192.0.2.2: the certificate is not for origin.test (upstream_tls.server_name): CN=other.test",
            error.Message);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Handshake_that_never_ends_is_told_as_such_and_the_address_comes_last_afterwards()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(2);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "here"));
        using var certificate = _authority.Issue("origin.test");
        await using var front = new TlsFront(origin, certificate);
        var time = new ManualTime();
        var connector = NewTlsConnector(new AddressBook(((IPEndPoint)silent.LocalEndPoint!).Port, front.Port), time);
        using var deadline = new CancellationTokenSource();

        var connecting = connector.ConnectAsync(new DnsEndPoint("origin.test", 443), deadline.Token).AsTask();
        using var client = await Deadline.WithinAsync(
            silent.AcceptAsync(TestContext.Current.CancellationToken).AsTask(), "a connection");
        await Eventually.TrueAsync(() => client.Available > 0, "the handshake begins");
        time.Advance(OriginRace.AttemptDelay);
        await deadline.CancelAsync();

        var cancelled = await Assert.ThrowsAsync<OperationCanceledException>(() => connecting);
        Assert.Equal("192.0.2.1: no end of the TLS handshake", cancelled.InnerException?.Message);

        await using var stream = await ConnectAsync(connector, "origin.test", 443);
        Assert.False(silent.Poll(0, SelectMode.SelectRead));
    }

    private OriginConnector NewTlsConnector(AddressBook book, TimeProvider? time = null)
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [new Uri("https://origin.test")],
            UpstreamTls = new UpstreamTlsOptions { CaFile = _caFile },
        };
        return new OriginConnector(options, time ?? TimeProvider.System, book.ResolveAsync, book.DialAsync);
    }

    private static Task<Stream> ConnectAsync(OriginConnector connector, string host, int port) => Deadline.WithinAsync(
        connector.ConnectAsync(new DnsEndPoint(host, port), TestContext.Current.CancellationToken).AsTask(), "a connection");

    private static async Task<string> AskAsync(Stream stream)
    {
        var ct = TestContext.Current.CancellationToken;
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray(), ct);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        var answer = new StringBuilder();
        while (!answer.ToString().EndsWith("here", StringComparison.Ordinal))
        {
            answer.Append(await reader.ReadLineAsync(ct));
        }

        return answer.ToString();
    }
}
