using System.Net;
using System.Runtime.InteropServices;
using Slice.Tests.Support;

namespace Slice.Benchmarks.Serve;

/// <summary>The verb <c>relay</c>: the tests' latency line as a process.</summary>
internal static class RelayCommand
{
    /// <summary>Runs until SIGTERM or SIGINT.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int port = (int)arguments.Number("--listen", 0);
        int serverPort = (int)arguments.Number("--server", 0);
        var roundTrip = TimeSpan.FromMilliseconds(arguments.Number("--round-trip-ms", 50));
        arguments.RefuseUnknown();

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ended.TrySetResult();
        }

        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        await using var relay = LatencyRelay.Start(new IPEndPoint(IPAddress.Loopback, serverPort), roundTrip, port);
        Console.WriteLine($"relay on {relay.Authority}");
        await ended.Task;
        return 0;
    }
}
