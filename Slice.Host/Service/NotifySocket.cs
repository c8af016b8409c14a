using System.Net.Sockets;
using System.Text;

namespace Slice.Host.Service;

/// <summary>
/// Where a service manager listens (sd_notify(3)). No call waits: a manager that does not read must not hold up who has something to say,
/// which the BCL's SystemdNotifier and sd_notify(3) itself let happen. Safe from any thread.
/// </summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket;
    private readonly UnixDomainSocketEndPoint _address;

    /// <param name="address">The value of NOTIFY_SOCKET: a path, or a name of the abstract namespace behind an <c>@</c>.</param>
    /// <exception cref="ArgumentException">It is neither of them, or longer than a socket's address (unix(7): 108 bytes).</exception>
    /// <exception cref="SocketException">There is no descriptor for it.</exception>
    public NotifySocket(string address)
    {
        _address = address[0] switch
        {
            '/' => new UnixDomainSocketEndPoint(address),
            '@' => new UnixDomainSocketEndPoint("\0" + address[1..]),
            _ => throw new ArgumentException("it is neither a path nor a name behind @"),
        };
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    }

    /// <summary>Sends one datagram, or says why not, at once.</summary>
    /// <returns>
    /// Null when the manager has it. <see cref="SocketError.WouldBlock"/>: its queue is full, and another attempt may succeed.
    /// </returns>
    public SocketException? Send(string state)
    {
        try
        {
            // The address is looked up each time: the manager may be another one than last time.
            _socket.SendTo(Encoding.UTF8.GetBytes(state), SocketFlags.None, _address);
            return null;
        }
        catch (SocketException error)
        {
            return error;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
