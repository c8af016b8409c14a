using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Makes every connection to the origin, for the pool and for whoever sends by other means: looks the name up, tries its addresses by
/// RFC 8305, and shakes hands when the origin has TLS. Lives as long as the instance and outlives reloads. Thread-safe.
/// </summary>
/// <remarks>
/// It has no deadline of its own: the caller's token bounds the lookup, all attempts and the handshake together (<c>timeouts.connect</c>).
/// Nothing is kept of a name but which addresses failed a short while ago (<see cref="OriginAddressMemory"/>): each connection goes where
/// the name leads by then, so the lifetime of connections says how soon a change is followed.
/// </remarks>
internal sealed class OriginConnector
{
    private readonly OriginTls? _tls;
    private readonly OriginAddressMemory _memory;
    private readonly OriginNames _names;
    private readonly Func<IPEndPoint, CancellationToken, Task<Socket>> _dial;
    private readonly TimeProvider _time;

    /// <summary>Connections as configured, plain or with TLS, by the resolver and the sockets of the system.</summary>
    /// <exception cref="InvalidDataException"><c>upstream_tls.ca_file</c> cannot be used; the message says why.</exception>
    public OriginConnector(SliceOptions options, TimeProvider time)
        : this(options, time, Dns.GetHostAddressesAsync, DialAsync)
    {
    }

    /// <summary>Connections with this TLS; null for plain ones.</summary>
    public OriginConnector(OriginTls? tls, TimeProvider time)
        : this(tls, time, Dns.GetHostAddressesAsync, DialAsync)
    {
    }

    /// <summary>As the first, by another resolver and other sockets.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="resolve">The addresses of a name; <see cref="SocketException"/> when there are none.</param>
    /// <param name="dial">A TCP connection, which becomes the connector's; <see cref="SocketException"/> when there is none.</param>
    internal OriginConnector(
        SliceOptions options,
        TimeProvider time,
        Func<string, Task<IPAddress[]>> resolve,
        Func<IPEndPoint, CancellationToken, Task<Socket>> dial)
        : this(options.UsesUpstreamTls ? new OriginTls(options.UpstreamTls) : null, time, resolve, dial)
    {
    }

    private OriginConnector(
        OriginTls? tls,
        TimeProvider time,
        Func<string, Task<IPAddress[]>> resolve,
        Func<IPEndPoint, CancellationToken, Task<Socket>> dial)
    {
        _tls = tls;
        _memory = new OriginAddressMemory(time);
        _names = new OriginNames(resolve);
        _dial = dial;
        _time = time;
    }

    /// <summary>A TCP connection without Nagle's delay, as sockets of the system are made.</summary>
    /// <exception cref="SocketException">There is none.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    internal static async Task<Socket> DialAsync(IPEndPoint endPoint, CancellationToken ct)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(endPoint, ct);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A new connection, ready for a request: a <see cref="NetworkStream"/> that owns its socket, or an <see cref="OriginTlsStream"/>.
    /// The caller owns the stream. On any failure nothing stays open.
    /// </summary>
    /// <param name="endPoint">
    /// Host and port: a name, an IPv4 address or an IPv6 address, with or without brackets. The host is also the name in SNI and in the
    /// certificate, unless <c>upstream_tls.server_name</c> is set.
    /// </param>
    /// <param name="ct">Ends everything: the caller's deadline.</param>
    /// <exception cref="OriginConnectException">The name has no address, or none of its addresses gave a connection.</exception>
    /// <exception cref="OperationCanceledException">
    /// <paramref name="ct"/> was cancelled; the inner exception is an <see cref="OriginConnectException"/> that says how far it had come.
    /// </exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken ct)
    {
        string host = endPoint.Host.Trim('[', ']');
        var addresses = await FindAddressesAsync(host, ct);
        var order = OriginAddressOrder.Of(addresses, endPoint.Port, IsSupported, _memory.HasFailed);
        if (order.Count == 0)
        {
            throw new OriginConnectException(
                FetchError.ConnectionRefused, $"this machine has no address family for {string.Join(", ", (object[])addresses)}");
        }

        var race = new OriginRace(host, order, _dial, _memory, _time);
        try
        {
            return await ConnectAsync(race, host, ct);
        }
        catch (OperationCanceledException cancelled)
        {
            throw new OperationCanceledException(cancelled.Message, race.Summary(), ct);
        }
    }

    private async Task<IPAddress[]> FindAddressesAsync(string host, CancellationToken ct)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            return await _names.LookUpAsync(host, ct);
        }
        catch (OperationCanceledException cancelled)
        {
            var reason = new OriginConnectException(FetchError.ConnectionTimeout, $"the name {host} is still being looked up");
            throw new OperationCanceledException(cancelled.Message, reason, ct);
        }
    }

    private async Task<Stream> ConnectAsync(OriginRace race, string host, CancellationToken ct)
    {
        while (true)
        {
            var (socket, endPoint) = await race.RunAsync(ct);
            long begunAt = _time.GetTimestamp();
            try
            {
                Stream stream = _tls is null ? new NetworkStream(socket, ownsSocket: true) : await _tls.ShakeHandsAsync(socket, host, ct);
                _memory.Worked(endPoint);
                return stream;
            }
            catch (OriginConnectException error)
            {
                // Another address of the name may be well: so a proxy before two servers goes on to the second.
                race.Fail(endPoint, error.Error, error.Message);
            }
            catch (OperationCanceledException)
            {
                race.Interrupt(endPoint, "no end of the TLS handshake", begunAt);
                throw;
            }
        }
    }

    private static bool IsSupported(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => Socket.OSSupportsIPv4,
        AddressFamily.InterNetworkV6 => Socket.OSSupportsIPv6,
        _ => false,
    };
}
