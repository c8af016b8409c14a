using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Slice.Benchmarks.Load;

/// <summary>
/// The verb <c>random</c>: requests that nobody has made before, as fast as they are answered. Two fifths are small objects, two fifths
/// redirects under long queries, and a fifth are ranges somewhere in objects of a tebibyte.
/// </summary>
internal static class RandomCommand
{
    private const long LargeBytes = 1L << 40;
    private const int LargeObjects = 64;
    private const int MaxRangeBytes = 64 << 10;
    private const int MaxSmallBytes = 16 << 10;
    private const int MaxQueryBytes = 7000;
    private const int HeadBufferBytes = 32 << 10;

    // As many requests as there are seeds are new; every eighth is one of those that came shortly before.
    private const int RepeatEvery = 8;
    private const int RepeatAmong = 1000;

    /// <summary>Runs for <c>--seconds</c> with <c>--clients</c> connections to the verb <c>origin</c> behind a cache.</summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var target = new Uri(arguments.Required("--target"));
        int clients = (int)arguments.Number("--clients", 4);
        long seconds = arguments.Number("--seconds", 60);
        int seed = (int)arguments.Number("--seed", 1);
        arguments.RefuseUnknown();
        long deadline = Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency);
        long requests = 0;
        var failures = new List<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, clients).Select(client => new Thread(() =>
        {
            try
            {
                Interlocked.Add(ref requests, Ask(target, $"{seed}-{client}", deadline));
            }
            catch (Exception error) when (error is SocketException or IOException or InvalidDataException)
            {
                lock (failures)
                {
                    failures.Add(error);
                }
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        failures.ForEach(static error => Console.Error.WriteLine($"random: {error.Message}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{requests} requests, {requests / seconds} a second"));
        return failures.Count == 0 ? 0 : 1;
    }

    private static long Ask(Uri target, string name, long deadline)
    {
        using var socket = new BlockingSocket(new IPEndPoint(IPAddress.Parse(target.Host), target.Port));
        byte[] head = new byte[HeadBufferBytes];
        long requests = 0;
        for (; Stopwatch.GetTimestamp() < deadline; requests++)
        {
            long number = requests % RepeatEvery == 0 ? Math.Max(0, requests - Random.Shared.Next(RepeatAmong)) : requests;
            socket.Send(Request(target, name, number));
            socket.Discard(ReadHead(socket, head));
        }

        return requests;
    }

    // The same number is the same request.
    private static byte[] Request(Uri target, string name, long number)
    {
        var random = new Random((int)number);
        string range = "";
        string path;
        switch (number % 5)
        {
            case 0 or 1:
                path = $"/{random.Next()}/{1 + random.Next(MaxSmallBytes)}/{name}-{number}";
                break;
            case 2 or 3:
                path = $"/redirect/{random.Next(MaxQueryBytes)}?{name}-{number}-{new string('q', random.Next(MaxQueryBytes))}";
                break;
            default:
                long start = random.NextInt64(LargeBytes - MaxRangeBytes);
                path = $"/{random.Next(LargeObjects)}/{LargeBytes}/large";
                range = $"Range: bytes={start}-{start + random.Next(MaxRangeBytes)}\r\n";
                break;
        }

        return Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {target.Authority}\r\n{range}\r\n");
    }

    // The bytes of the body that have not come with the head.
    private static long ReadHead(BlockingSocket socket, byte[] head)
    {
        int received = 0;
        int end;
        while ((end = head.AsSpan(0, received).IndexOf("\r\n\r\n"u8)) < 0)
        {
            received += socket.Receive(head.AsSpan(received));
        }

        string text = Encoding.Latin1.GetString(head, 0, end);
        int at = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        if (at < 0 || text.AsSpan(0, "HTTP/1.1 200".Length) is not ("HTTP/1.1 200" or "HTTP/1.1 206" or "HTTP/1.1 301"))
        {
            throw new InvalidDataException($"an answer that was not expected: {text}");
        }

        var value = text.AsSpan(at + "Content-Length: ".Length);
        int lineEnd = value.IndexOf('\r');
        return long.Parse(lineEnd < 0 ? value : value[..lineEnd], CultureInfo.InvariantCulture) - (received - end - 4);
    }
}
