using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Slice.Host.Machine;

namespace Slice.Host.Service;

/// <summary>
/// A listening socket whose connections are those of Kestrel's socket transport. Kestrel's own listener asks again at once when accept(2)
/// finds no free descriptor, for ever and on the thread that would notice that clients have gone; this one waits (B55).
/// </summary>
/// <remarks>
/// <para>The port of clients leaves a reserve. The kernel gives the lowest free descriptor, so a client that is given one of the reserve
/// shows that all others are taken. That client is not served until a lower one is free; then the connection moves there. So one client of
/// each port lies in the reserve at most, and the rest waits in the queue of the kernel.</para>
/// <para>The metrics port may use the reserve, and when even that is gone, descriptors that it holds for this only.</para>
/// <para>One caller of <see cref="AcceptAsync"/> at a time, as Kestrel is.</para>
/// </remarks>
internal sealed class SocketListener : IConnectionListener
{
    // One for a scrape, one for a probe, and as many again because another thread may be faster to what is given up. Arbitrary.
    private const int MaxSpares = 4;

    private readonly Socket _socket;
    private readonly SocketConnections _connections;
    private readonly DescriptorWatch _watch;
    private readonly string _key;
    private readonly bool _mayUseReserve;
    private readonly AcceptProbe _probe;
    private readonly PortSockets _sockets;
    private readonly Stack<int> _spares = new();
    private readonly CancellationTokenSource _unbound = new();
    private CancellationToken _closing;
    private CancellationTokenSource? _ends;

    /// <summary>Accepts at a socket that listens. The listener owns both.</summary>
    /// <param name="socket">Where clients connect.</param>
    /// <param name="connections">Makes connections of what is accepted.</param>
    /// <param name="watch">Where waits are told.</param>
    /// <param name="key">The configuration key of the port.</param>
    /// <param name="mayUseReserve">Whether it is the metrics port.</param>
    /// <param name="probe">Is told of its connections.</param>
    /// <param name="sockets">Says when connections may be taken, and is told when they cannot be.</param>
    public SocketListener(
        Socket socket, SocketConnections connections, DescriptorWatch watch, string key, bool mayUseReserve, AcceptProbe probe,
        PortSockets sockets)
    {
        (_socket, _connections, _watch, _key, _mayUseReserve, _probe, _sockets)
            = (socket, connections, watch, key, mayUseReserve, probe, sockets);
        EndPoint = socket.LocalEndPoint!;
        RefillSpares();
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            // Once per connection: in the loop it would take back what has just been given up.
            RefillSpares();
            while (true)
            {
                if (await TryAcceptAsync() is { } accepted && TryConnect(accepted) is { } connection)
                {
                    return connection;
                }
            }
        }
        catch (Exception error) when (_unbound.IsCancellationRequested
            && error is ObjectDisposedException or SocketException or OperationCanceledException)
        {
            return null;
        }
        catch (Exception error)
        {
            // Kestrel would write a line, not ask again, and leave a process that looks healthy and serves nobody at this port.
            _sockets.Fail(_key, error);
            return null;
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Another process may listen at the same socket: closing it here leaves it, and the connections that wait in its queue, to that one.
    /// The accept that is under way ends by its token first, as the BCL disconnects a socket that it finds in use while closing it.
    /// </remarks>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _unbound.CancelAsync();
        _socket.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        while (_spares.TryPop(out int spare))
        {
            NativeDescriptors.Close(spare);
        }

        _connections.Dispose();
        _ends?.Dispose();
        _unbound.Dispose();
    }

    // Null: there is none yet, and the wait that was due is over.
    private async ValueTask<Socket?> TryAcceptAsync()
    {
        if (!_sockets.Gate.TryEnter(out var closing))
        {
            await _sockets.Gate.Opened.WaitAsync(_unbound.Token);
            return null;
        }

        Socket accepted;
        try
        {
            accepted = await AcceptInsideAsync(closing);
        }
        catch (SocketException error) when (!_unbound.IsCancellationRequested && !IsLasting(error.SocketErrorCode))
        {
            await RecoverAsync(error.SocketErrorCode);
            return null;
        }
        catch (OperationCanceledException) when (!_unbound.IsCancellationRequested && closing.IsCancellationRequested)
        {
            return null;
        }

        if (IsProbe(accepted))
        {
            accepted.Dispose();
            return null;
        }

        return _mayUseReserve || DescriptorOf(accepted) < _watch.FirstSpare ? accepted : await LeaveReserveAsync(accepted);
    }

    private async ValueTask<Socket> AcceptInsideAsync(CancellationToken closing)
    {
        try
        {
            return await _socket.AcceptAsync(EndsWith(closing));
        }
        finally
        {
            _sockets.Gate.Leave();
        }
    }

    // One source from one opening of the gate to its closing, not one for each connection.
    private CancellationToken EndsWith(CancellationToken closing)
    {
        if (_ends is null || _closing != closing)
        {
            _ends?.Dispose();
            _ends = CancellationTokenSource.CreateLinkedTokenSource(_unbound.Token, closing);
            _closing = closing;
        }

        return _ends.Token;
    }

    // The socket does not listen any more: another process that has it, too, has shut it down (EINVAL), or the descriptor is lost.
    private static bool IsLasting(SocketError error) => error is SocketError.InvalidArgument or SocketError.NotSocket;

    private bool IsProbe(Socket accepted)
    {
        try
        {
            return _probe.Recognizes(accepted);
        }
        catch (SocketException)
        {
            // The client is gone already, and its addresses with it.
            return false;
        }
    }

    private async ValueTask RecoverAsync(SocketError error)
    {
        switch (error)
        {
            case SocketError.ConnectionAborted or SocketError.ConnectionReset:
                // The client left while it was in the queue, which is shorter by one now.
                return;
            case SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable when _spares.TryPop(out int spare):
                NativeDescriptors.Close(spare);
                return;
            case SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable:
                await _watch.PauseAsync(_key, _unbound.Token);
                return;
            default:
                // accept(2) passes on errors of the network; none of them may make a busy loop.
                await _watch.RestAsync(_unbound.Token);
                return;
        }
    }

    private async ValueTask<Socket> LeaveReserveAsync(Socket accepted)
    {
        try
        {
            while (true)
            {
                await _watch.PauseAsync(_key, _unbound.Token);
                int lower = NativeDescriptors.Duplicate(accepted.SafeHandle);
                if (lower >= 0 && lower < _watch.FirstSpare)
                {
                    // Without operations under way, disposing closes the one descriptor; the connection lives by the other.
                    var moved = new Socket(new SafeSocketHandle(lower, ownsHandle: true));
                    accepted.Dispose();
                    return moved;
                }

                if (lower >= 0)
                {
                    NativeDescriptors.Close(lower);
                }
            }
        }
        catch
        {
            accepted.Dispose();
            throw;
        }
    }

    private ConnectionContext? TryConnect(Socket accepted)
    {
        try
        {
            accepted.NoDelay = true;
            return _connections.Create(accepted);
        }
        catch (SocketException)
        {
            // The client is gone already.
            accepted.Dispose();
            return null;
        }
    }

    private void RefillSpares()
    {
        while (_mayUseReserve && _spares.Count < MaxSpares && NativeDescriptors.Duplicate(_socket.SafeHandle) is >= 0 and int spare)
        {
            _spares.Push(spare);
        }
    }

    private static int DescriptorOf(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();
}
