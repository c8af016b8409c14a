using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// Ports for child processes, which cannot bind port 0 and tell which one they got. Thread-safe.
/// </summary>
/// <remarks>
/// <para>None of them is one that the kernel gives by itself, for port 0 or to a connection that goes out. Any test that runs meanwhile may
/// be given such a port before the child binds it. Worse, a child that is not there seems to be: a connection to a port where nobody
/// listens is connected with itself when the kernel gives it that very port, and of two tests with one port both look at one child.</para>
/// <para>Each test process has a block of ports that is its own while it runs: it listens at the first of them.</para>
/// </remarks>
public static class FreePort
{
    // The kernel's own begin at 32768 (net.ipv4.ip_local_port_range), and services of a machine are below 16384 for the most part.
    private const int First = 1 << 14;
    private const int End = 1 << 15;

    // Some minutes of the whole suite: used over and over, a port comes again long after whoever had it has begun anew on it.
    private const int BlockPorts = 1 << 11;

    private static readonly Lock s_lock = new();
    private static readonly TcpListener s_claim = ClaimBlock();
    private static readonly HashSet<int> s_kept = [];
    private static int s_used;

    private static int BlockStart => ((IPEndPoint)s_claim.LocalEndpoint).Port;

    /// <summary>
    /// A loopback port where nobody listens. Somebody who is none of the tests may take it before the child does: start the child with
    /// <see cref="RetryAsync"/>.
    /// </summary>
    public static int Reserve() => ReserveRow(1);

    /// <summary>
    /// The same for somebody who listens there, stops, and listens there again: no other test gets the port in between, however long that
    /// takes.
    /// </summary>
    public static int ReserveForGood()
    {
        lock (s_lock)
        {
            int port = ReserveRow(1);
            s_kept.Add(port);
            return port;
        }
    }

    /// <summary>The first of so many such ports in a row.</summary>
    /// <param name="count">How many, below a hundred.</param>
    public static int ReserveRow(int count)
    {
        lock (s_lock)
        {
            for (int looks = 0; looks < BlockPorts; looks++)
            {
                int offset = (s_used % (BlockPorts - count)) + 1;
                s_used = offset + count - 1;
                if (Enumerable.Range(BlockStart + offset, count).All(static port => !s_kept.Contains(port) && IsFree(port)))
                {
                    return BlockStart + offset;
                }
            }
        }

        throw new InvalidOperationException($"no {count} free ports in a row from {BlockStart} on");
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

    private static TcpListener ClaimBlock()
    {
        int[] starts = [.. Enumerable.Range(0, (End - First) / BlockPorts).Select(static block => First + (block * BlockPorts))];
        Random.Shared.Shuffle(starts);
        foreach (int start in starts)
        {
            if (TryListen(start) is { } claim)
            {
                return claim;
            }
        }

        throw new InvalidOperationException($"every block of ports from {First} to {End} is claimed");
    }

    private static bool IsFree(int port)
    {
        using var listener = TryListen(port);
        return listener is not null;
    }

    private static TcpListener? TryListen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}

/// <summary>A child found its port in use.</summary>
public sealed class PortTakenException(string message) : Exception(message);
