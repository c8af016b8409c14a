using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Slice.Tests.Support;

namespace Slice.Benchmarks.Load;

/// <summary>
/// The verb <c>coherence</c>: changes objects at the verb <c>origin</c>, lets one instance of a fleet see each change, and asks the others
/// again and again until they have the new version.
/// </summary>
internal static class CoherenceCommand
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    // Soon enough for a figure in milliseconds.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Reports how long after one instance had delivered the new version a request that got the old one from another instance was begun
    /// last: the median, the 99th percentile and the worst of all rounds, in milliseconds. Every byte is compared.
    /// </summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var origin = new Uri(arguments.Required("--origin"));
        Uri[] targets = [.. arguments.All("--target").Select(static target => new Uri(target))];
        int rounds = (int)arguments.Number("--rounds", 200);
        int bytes = (int)arguments.Number("--bytes", 4 << 10);
        string? results = arguments.Text("--results");
        arguments.RefuseUnknown();
        if (targets.Length < 2)
        {
            throw new ArgumentException("--target is needed at least twice");
        }

        using HttpClient atOrigin = ObjectDownload.CreateClient(origin, 4);
        HttpClient[] instances = [.. targets.Select(static target => ObjectDownload.CreateClient(target, 4))];
        double[] staleMs = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/changing/{round}/{bytes}/object.bin");
            foreach (var instance in instances)
            {
                await AskAsync(instance, path, bytes, isValidated: false);
            }

            (await atOrigin.PostAsync(path, content: null)).EnsureSuccessStatusCode();
            var first = instances[round % instances.Length];
            if (await AskAsync(first, path, bytes, isValidated: true) != 2)
            {
                throw new InvalidDataException($"{path}: a validation did not see the change");
            }

            long seen = Stopwatch.GetTimestamp();
            var others = instances.Where(instance => instance != first).Select(other => StaleUntilAsync(other, path, bytes, seen));
            staleMs[round] = (await Task.WhenAll(others)).Max().TotalMilliseconds;
        }

        Array.ForEach(instances, static instance => instance.Dispose());
        Array.Sort(staleMs);
        var result = new
        {
            Work = "coherence",
            Rounds = rounds,
            StaleP50Ms = LoadCommand.Percentile(staleMs, 0.50),
            StaleP99Ms = LoadCommand.Percentile(staleMs, 0.99),
            StaleMaxMs = staleMs[^1],
        };
        if (results is not null)
        {
            await File.AppendAllTextAsync(results, JsonSerializer.Serialize(result) + "\n");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rounds} changes; the old version was served for p50 {result.StaleP50Ms:F0}, p99 {result.StaleP99Ms:F0}, at most "
                + $"{result.StaleMaxMs:F0} ms after one instance had the new one"));
        return 0;
    }

    private static async Task<TimeSpan> StaleUntilAsync(HttpClient instance, string path, int bytes, long seen)
    {
        var stale = TimeSpan.Zero;
        while (true)
        {
            var begun = Stopwatch.GetElapsedTime(seen);
            if (await AskAsync(instance, path, bytes, isValidated: false) == 2)
            {
                return stale;
            }

            stale = begun < s_longest ? begun
                : throw new InvalidDataException($"{path}: the old version is served after {s_longest.TotalSeconds} s");
            await Task.Delay(s_pause);
        }
    }

    // The version in the answer, every byte of which is compared.
    private static async Task<int> AskAsync(HttpClient client, string path, int bytes, bool isValidated)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.CacheControl = isValidated ? new CacheControlHeaderValue { NoCache = true } : null;
        using var response = await client.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"{path}: status {(int)response.StatusCode}");
        }

        byte[] body = await response.Content.ReadAsByteArrayAsync();
        int version = int.Parse(response.Headers.ETag!.Tag.Trim('"'), CultureInfo.InvariantCulture);
        byte[] expected = new byte[bytes];
        TestContent.Fill(0, expected, version);
        return body.AsSpan().SequenceEqual(expected) ? version
            : throw new InvalidDataException($"{path}: {body.Length} bytes are not version {version}");
    }
}
