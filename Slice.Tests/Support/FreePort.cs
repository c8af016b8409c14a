using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>Ports for child processes, which cannot bind port 0 and tell which one they got.</summary>
public static class FreePort
{
    /// <summary>
    /// A loopback port that was free a moment ago. Somebody else may take it before the child does: start the child with
    /// <see cref="RetryAsync"/>.
    /// </summary>
    public static int Reserve()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>
    /// Runs <paramref name="start"/> on a free port, on another one after each <see cref="PortTakenException"/>; the last of
    /// <paramref name="attempts"/> propagates.
    /// </summary>
    public static async Task<T> RetryAsync<T>(Func<int, Task<T>> start, int attempts = 5)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await start(Reserve());
            }
            catch (PortTakenException) when (attempt < attempts)
            {
                // Another process bound the port between our look and the child's bind; the next one is as likely free as the first was.
            }
        }
    }
}

/// <summary>A child found its port in use.</summary>
public sealed class PortTakenException(string message) : Exception(message);
