using System.Globalization;

namespace Slice.Benchmarks.Simulate;

/// <summary>The verb <c>simulate</c>: hit ratios of the product's eviction beside LRU and FIFO, on generated requests.</summary>
internal static class SimulateCommand
{
    private static readonly int[] s_cachePercents = [1, 5, 10, 25];

    /// <summary>Prints a table in Markdown.</summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        int slices = (int)arguments.Number("--slices", 100_000);
        long requests = arguments.Number("--requests", 2_000_000);
        int seed = (int)arguments.Number("--seed", 1);
        arguments.RefuseUnknown();
        if (!IsRightOnPaper())
        {
            Console.Error.WriteLine("simulate: a policy disagrees with the example worked out by hand");
            return 1;
        }

        Console.WriteLine("| requests | cache | FIFO | LRU | S3-FIFO | points over LRU |");
        Console.WriteLine("| --- | --: | --: | --: | --: | --: |");
        foreach (double alpha in (double[])[0.8, 1.0, 1.2])
        {
            Compare($"Zipf {alpha:F1}", new Trace(slices, 1, alpha, 0, 0, seed), requests);
            Compare($"Zipf {alpha:F1}, a third in scans of 5,000", new Trace(slices, 1, alpha, 1 / 3.0, 5000, seed), requests);
            Compare($"Zipf {alpha:F1}, half in scans of 1,000", new Trace(slices, 1, alpha, 0.5, 1000, seed), requests);
            Compare(
                $"objects of 20 slices, Zipf {alpha:F1}, half in scans of 1,000",
                new Trace(slices / 20, 20, alpha, 0.5, 1000, seed),
                requests);
        }

        return 0;
    }

    private static void Compare(string name, Trace trace, long requests)
    {
        var rows = s_cachePercents.AsParallel().AsOrdered().Select(percent =>
        {
            int capacity = Math.Max(1, (int)((long)trace.Footprint * percent / 100));
            using var own = new StorePolicy(capacity);
            double fifo = HitPercent(new ListPolicy(capacity, countsHits: false), trace, requests);
            double lru = HitPercent(new ListPolicy(capacity, countsHits: true), trace, requests);
            double ours = HitPercent(own, trace, requests);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {percent} % | {fifo:F1} % | {lru:F1} % | {ours:F1} % | {ours - lru:+0.0;-0.0} |");
        });
        foreach (string row in rows)
        {
            Console.WriteLine(row);
        }
    }

    // The first half fills the cache and is not counted. Scans count as what they are, misses, in the requests too: the ratio is what
    // the origin feels.
    private static double HitPercent(ICachePolicy policy, Trace trace, long requests)
    {
        long hits = 0;
        long position = 0;
        foreach (int slice in trace.Requests(requests))
        {
            bool isHit = policy.Request(slice);
            if (position++ >= requests / 2 && isHit)
            {
                hits++;
            }
        }

        return 100.0 * hits / (requests - (requests / 2));
    }

    // Two places. FIFO: 1 2 then 1 hits, 3 pushes out 1, 1 misses. LRU: 3 pushes out 2, 1 hits.
    private static bool IsRightOnPaper()
    {
        int[] requests = [1, 2, 1, 3, 1];
        var fifo = new ListPolicy(2, countsHits: false);
        var lru = new ListPolicy(2, countsHits: true);
        return requests.Select(fifo.Request).SequenceEqual([false, false, true, false, false])
            && requests.Select(lru.Request).SequenceEqual([false, false, true, false, true]);
    }
}
