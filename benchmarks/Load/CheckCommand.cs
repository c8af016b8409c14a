using System.Globalization;

namespace Slice.Benchmarks.Load;

/// <summary>The verb <c>check</c>: downloads objects of the verb <c>origin</c>, whole and in ranges, and compares every byte.</summary>
internal static class CheckCommand
{
    /// <summary>
    /// Downloads; prints what it took. With <c>--tolerate-cuts</c> a download that breaks off is counted, as when the server is killed
    /// meanwhile; a wrong byte is an error always.
    /// </summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args, "--tolerate-cuts");
        var target = new Uri(arguments.Required("--target"));
        int first = (int)arguments.Number("--first", 1);
        int objects = (int)arguments.Number("--objects", 1);
        long bytes = arguments.Number("--bytes", 1 << 20);
        int clients = (int)arguments.Number("--clients", 4);
        int ranges = (int)arguments.Number("--ranges", 0);
        bool toleratesCuts = arguments.Has("--tolerate-cuts");
        arguments.RefuseUnknown();

        using HttpClient client = ObjectDownload.CreateClient(target, clients);
        long checkedBytes = 0;
        int cuts = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(first, objects),
            new ParallelOptions { MaxDegreeOfParallelism = clients },
            async (seed, ct) =>
            {
                var random = new Random(seed);
                for (int number = 0; number <= ranges; number++)
                {
                    // Ranges first, then all of it.
                    bool isWhole = number == ranges;
                    long start = isWhole ? 0 : random.NextInt64(bytes);
                    long end = isWhole ? bytes : Math.Min(bytes, start + 1 + random.Next(3 << 20));
                    try
                    {
                        var download = await ObjectDownload.RunAsync(client, seed, bytes, isWhole ? null : (start, end), ct);
                        Interlocked.Add(ref checkedBytes, download.Bytes);
                    }
                    catch (Exception error) when (error is HttpRequestException or IOException && toleratesCuts)
                    {
                        Interlocked.Increment(ref cuts);
                    }
                }
            });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{objects} objects, {(double)checkedBytes / (1 << 30):F2} GiB right, {cuts} cut off"));
        return 0;
    }
}
