using System.Net;
using System.Net.Sockets;

namespace Slice.Host.Service;

/// <summary>What is set on the socket of a client that has just been accepted. Thread-safe.</summary>
internal static class ClientSocket
{
    // The kernel counts its own structures too and so takes twice as much, net.core.wmem_max permitting. By itself it lets a socket hold
    // 4 MiB: room for a path that a client on this machine does not have, and more than a core's cache, so that each byte comes back from
    // memory. CPU of whole objects 0.87 with 512 KiB in all, 0.91 with 256, 0.98 with 128
    // (docs/decisions/0001-body-bytes-leave-by-the-socket.md).
    private const int SendBufferBytesOnThisMachine = 256 << 10;

    /// <summary>Sets it.</summary>
    /// <exception cref="SocketException">The client is gone already.</exception>
    public static void Configure(Socket accepted)
    {
        accepted.NoDelay = true;
        if (IsOnThisMachine(accepted.RemoteEndPoint, accepted.LocalEndPoint))
        {
            accepted.SendBufferSize = SendBufferBytesOnThisMachine;
        }
    }

    /// <summary>
    /// Whether a client, such as a proxy before us, reaches us without leaving the machine: over loopback, or by our own address.
    /// </summary>
    internal static bool IsOnThisMachine(EndPoint? client, EndPoint? ours) =>
        client is IPEndPoint { Address: var address }
        && (IPAddress.IsLoopback(address) || (ours is IPEndPoint local && address.Equals(local.Address)));
}
