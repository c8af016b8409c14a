using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Tests.Support;

/// <summary>
/// TLS in front of a <see cref="ScriptedOrigin"/>: takes the encryption off and hands the bytes on, both ways. Disposing ends every
/// connection.
/// </summary>
internal sealed class TlsFront : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _serverNames = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly ScriptedOrigin _origin;
    private readonly X509Certificate2 _certificate;
    private readonly Task _accepting;

    /// <summary>Listens on a free loopback port and shows <paramref name="certificate"/>.</summary>
    public TlsFront(ScriptedOrigin origin, X509Certificate2 certificate)
    {
        (_origin, _certificate) = (origin, certificate);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(128);
        _accepting = AcceptAsync();
    }

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>
    /// Whether an end of the origin is passed on by close_notify; otherwise by FIN alone, as if somebody on the way had cut the connection.
    /// </summary>
    public bool SaysClose { get; set; } = true;

    /// <summary>The name each handshake asked for (SNI), empty for none, in their order.</summary>
    public IReadOnlyList<string> ServerNames => [.. _serverNames];

    /// <summary>The <c>https</c> address of this front under a host that leads here: <c>127.0.0.1</c> or <c>localhost</c>.</summary>
    public Uri UriOf(string host) => new($"https://{host}:{Port}");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Deadline.WithinAsync(Task.WhenAll(_connections), "the connections end");
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await Task.Yield();
        try
        {
            using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await using var encrypted = new SslStream(new NetworkStream(client, ownsSocket: true));
            await encrypted.AuthenticateAsServerAsync(OptionsFor, null, _stop.Token);
            await origin.ConnectAsync(_origin.EndPoint, _stop.Token);
            await using var plain = new NetworkStream(origin);

            // Whichever side ends first ends both.
            var answer = plain.CopyToAsync(encrypted, _stop.Token);
            if (await Task.WhenAny(encrypted.CopyToAsync(plain, _stop.Token), answer) == answer
                && answer.IsCompletedSuccessfully
                && SaysClose)
            {
                await encrypted.ShutdownAsync();
            }
        }
        catch (Exception error) when (error is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            // The client refused us, or left.
        }
    }

    private ValueTask<SslServerAuthenticationOptions> OptionsFor(
        SslStream stream, SslClientHelloInfo hello, object? state, CancellationToken ct)
    {
        _serverNames.Enqueue(hello.ServerName);
        return new(new SslServerAuthenticationOptions { ServerCertificate = _certificate });
    }
}
