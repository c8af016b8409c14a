using System.Net;
using System.Net.Sockets;
using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Send;

/// <summary>The verb <c>drain</c>: takes what <c>send</c> sends, and drops it in the kernel.</summary>
internal static class DrainCommand
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(10);

    /// <summary>Opens <c>--connections</c> to <c>--target ADDRESS:PORT</c> and takes <c>--bytes</c> from each.</summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var target = IPEndPoint.Parse(arguments.Required("--target"));
        int connections = (int)arguments.Number("--connections", 1);
        long bytes = arguments.Number("--bytes", 1L << 30);
        arguments.RefuseUnknown();

        Thread[] threads = [.. Enumerable.Range(0, connections).Select(_ => new Thread(() => Take(target, bytes)))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return 0;
    }

    private static void Take(IPEndPoint target, long bytes)
    {
        using BlockingSocket socket = Connect(target);
        socket.Discard(bytes);
    }

    // Both sides are started together.
    private static BlockingSocket Connect(IPEndPoint target)
    {
        for (var deadline = DateTime.UtcNow + s_wait; ;)
        {
            try
            {
                return new BlockingSocket(target);
            }
            catch (SocketException) when (DateTime.UtcNow < deadline)
            {
                Thread.Sleep(20);
            }
        }
    }
}
