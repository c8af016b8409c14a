using System.Diagnostics;
using System.Text.Json;

namespace Slice.Benchmarks.Load;

/// <summary>
/// The verb <c>mixed</c>: downloads objects of many lengths from the verb <c>origin</c> through a server, each several times, in random
/// order, by several clients, and compares every byte.
/// </summary>
internal static class MixedCommand
{
    /// <summary>
    /// Downloads, and reports as <c>load</c> does: time to the first byte and to the last, and CPU time of the processes that are named.
    /// The same options ask for the same objects in the same order. With <c>--resume</c> a body that breaks off is counted, and gone on
    /// with by a range, as a download tool does.
    /// </summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args, "--resume");
        var target = new Uri(arguments.Required("--target"));
        int first = (int)arguments.Number("--first", 1);
        int objects = (int)arguments.Number("--objects", 1000);
        long smallest = arguments.Number("--smallest", 4 << 10);
        long largest = arguments.Number("--largest", 8 << 20);
        int rounds = (int)arguments.Number("--rounds", 1);
        int clients = (int)arguments.Number("--clients", 32);
        int settleMs = (int)arguments.Number("--settle-ms", 0);
        string work = arguments.Text("--work") ?? "mixed";
        string side = arguments.Text("--side") ?? "server";
        string? results = arguments.Text("--results");
        bool resumes = arguments.Has("--resume");
        int[] processIds = [.. arguments.All("--pid").Select(int.Parse)];
        arguments.RefuseUnknown();

        var random = new Random(first);
        long[] lengths = [.. Enumerable.Range(0, objects).Select(_ => Length(smallest, largest, random))];
        int[] order = [.. Enumerable.Range(0, objects * rounds).Select(index => index % objects)];
        random.Shuffle(order);

        using HttpClient client = ObjectDownload.CreateClient(target, clients);
        using var cost = new ProcessCost(processIds);
        var times = new (double FirstByteMs, double LastByteMs)[order.Length];
        long bytes = 0;
        int cuts = 0;
        long started = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(
            0,
            order.Length,
            new ParallelOptions { MaxDegreeOfParallelism = clients },
            async (index, ct) =>
            {
                int number = order[index];
                long begun = Stopwatch.GetTimestamp();
                var download = await ObjectDownload.RunWholeAsync(client, first + number, lengths[number], resumes, ct);
                times[index] = (download.FirstByte.TotalMilliseconds, Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                Interlocked.Add(ref bytes, lengths[number]);
                Interlocked.Add(ref cuts, download.Cuts);
            });
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Thread.Sleep(settleMs);

        double[] firstBytes = [.. times.Select(time => time.FirstByteMs).Order()];
        double[] lastBytes = [.. times.Select(time => time.LastByteMs).Order()];
        var result = new LoadResult
        {
            Work = work,
            Side = side,
            Requests = order.Length,
            Bytes = bytes,
            Seconds = seconds,
            LatencyP50Ms = LoadCommand.Percentile(lastBytes, 0.50),
            LatencyP99Ms = LoadCommand.Percentile(lastBytes, 0.99),
            FirstByteP50Ms = LoadCommand.Percentile(firstBytes, 0.50),
            FirstByteP99Ms = LoadCommand.Percentile(firstBytes, 0.99),
            CpuSeconds = cost.CpuSecondsSoFar,
            PeakAnonymousMib = cost.PeakAnonymousMib,
            Cuts = cuts,
        };
        if (results is not null)
        {
            await File.AppendAllTextAsync(results, JsonSerializer.Serialize(result) + "\n");
        }

        Console.WriteLine(result);
        return 0;
    }

    // Every power of two is as likely: most objects are small, most bytes are in large ones.
    private static long Length(long smallest, long largest, Random random) =>
        (long)(smallest * Math.Pow(largest / (double)smallest, random.NextDouble()));
}
