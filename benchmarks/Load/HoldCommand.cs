using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Slice.Benchmarks.Load;

/// <summary>The verb <c>hold</c>: many connections that take little, and what they cost the server in memory.</summary>
internal static class HoldCommand
{
    private const int ReceiveBufferBytes = 64 << 10;
    private const int PieceBytes = 64 << 10;

    // From the last request to the first byte of every answer.
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Opens <c>--clients</c> connections, asks on each for <c>--target</c> (with <c>--range</c>, when given), and then takes at most
    /// <c>--bytes-per-second</c> from each for <c>--seconds</c>. Connections that have their whole answer stay open. 1 when one of them
    /// could not be opened or got nothing: its memory would be missing.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var target = new Uri(arguments.Required("--target"));
        int clients = (int)arguments.Number("--clients", 500);
        long bytesPerSecond = arguments.Number("--bytes-per-second", 100_000);
        long seconds = arguments.Number("--seconds", 5);
        string? range = arguments.Text("--range");
        string work = arguments.Text("--work") ?? "hold";
        string side = arguments.Text("--side") ?? "server";
        string? results = arguments.Text("--results");
        int[] processIds = [.. arguments.All("--pid").Select(int.Parse)];
        arguments.RefuseUnknown();

        using var cost = new ProcessCost(processIds);
        long startedAt = Stopwatch.GetTimestamp();
        byte[] request = Encoding.ASCII.GetBytes(
            $"GET {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\n{(range is null ? "" : $"Range: bytes={range}\r\n")}\r\n");
        List<Socket> sockets = [];
        try
        {
            for (int index = 0; index < clients; index++)
            {
                sockets.Add(Connect(new IPEndPoint(IPAddress.Parse(target.Host), target.Port), request));
            }

            long asked = Stopwatch.GetTimestamp();
            bool HasAnswer(Socket socket)
            {
                TimeSpan left = s_answerTimeout - Stopwatch.GetElapsedTime(asked);
                return socket.Poll(left > TimeSpan.Zero ? left : TimeSpan.Zero, SelectMode.SelectRead) && socket.Available > 0;
            }

            if (sockets.Count(socket => !HasAnswer(socket)) is > 0 and var unanswered)
            {
                Console.Error.WriteLine($"hold: {target}: {unanswered} of {clients} connections got no byte");
                return 1;
            }

            long taken = Take(sockets, bytesPerSecond, seconds);
            var result = new LoadResult
            {
                Work = work,
                Side = side,
                Requests = clients,
                Bytes = taken,
                Seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds,
                CpuSeconds = cost.CpuSecondsSoFar,
                PeakAnonymousMib = cost.PeakAnonymousMib,
            };
            if (results is not null)
            {
                File.AppendAllText(results, JsonSerializer.Serialize(result) + "\n");
            }

            Console.WriteLine(
                $"{work} | {side}: {clients} connections, {taken} bytes in {result.Seconds:F1} s; "
                + $"anonymous {result.PeakAnonymousMib:F1} MiB");
            return 0;
        }
        catch (SocketException exception)
        {
            Console.Error.WriteLine($"hold: {target}: {exception.Message} after {sockets.Count} connections");
            return 1;
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static Socket Connect(IPEndPoint server, byte[] request)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = ReceiveBufferBytes };
        socket.Connect(server);
        socket.Send(request);
        socket.Blocking = false;
        return socket;
    }

    // A second's worth from every connection, then the rest of the second nothing.
    private static long Take(List<Socket> sockets, long bytesPerSecond, long seconds)
    {
        var piece = new byte[PieceBytes];
        long taken = 0;
        for (long second = 0; second < seconds; second++)
        {
            long startedAt = Stopwatch.GetTimestamp();
            foreach (Socket socket in sockets)
            {
                long left = bytesPerSecond;
                while (left > 0
                    && socket.Receive(piece, 0, (int)Math.Min(left, piece.Length), SocketFlags.None, out SocketError error)
                        is > 0 and var received)
                {
                    left -= received;
                    taken += received;
                }
            }

            TimeSpan rest = TimeSpan.FromSeconds(1) - Stopwatch.GetElapsedTime(startedAt);
            Thread.Sleep(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
        }

        return taken;
    }
}
