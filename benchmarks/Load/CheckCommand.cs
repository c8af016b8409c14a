using System.Globalization;
using System.Net;
using Slice.Tests.Support;

namespace Slice.Benchmarks.Load;

/// <summary>The verb <c>check</c>: downloads objects of the verb <c>origin</c>, whole and in ranges, and compares every byte.</summary>
internal static class CheckCommand
{
    private const int BufferBytes = 256 << 10;

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

        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = clients })
        {
            BaseAddress = target,
            Timeout = Timeout.InfiniteTimeSpan,
        };
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
                        Interlocked.Add(ref checkedBytes, await DownloadAsync(client, seed, bytes, isWhole ? null : (start, end), ct));
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

    private static async Task<long> DownloadAsync(
        HttpClient client, int seed, long bytes, (long Start, long End)? range, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{seed}/{bytes}/object.bin");
        if (range is { } part)
        {
            request.Headers.Range = new(part.Start, part.End - 1);
        }

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        var wanted = range is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent;
        if (response.StatusCode != wanted)
        {
            throw new HttpRequestException($"object {seed}: status {(int)response.StatusCode}");
        }

        await using var body = await response.Content.ReadAsStreamAsync(ct);
        using var sink = new VerifyingSink(TestContent.Version(seed), range?.Start ?? 0);
        byte[] buffer = new byte[BufferBytes];
        for (int read = await body.ReadAsync(buffer, ct); read > 0; read = await body.ReadAsync(buffer, ct))
        {
            sink.Append(buffer.AsSpan(0, read));
        }

        long length = range is { } asked ? asked.End - asked.Start : bytes;
        return sink.Count == length
            ? length
            : throw new InvalidDataException($"object {seed}: {sink.Count} of {length} bytes looked whole");
    }
}
