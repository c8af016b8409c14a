using System.Diagnostics;
using System.Net;
using Slice.Tests.Support;

namespace Slice.Benchmarks.Load;

/// <summary>Downloads of objects of the verb <c>origin</c>, every byte of which is compared.</summary>
internal static class ObjectDownload
{
    private const int BufferBytes = 256 << 10;

    // More often, and whatever answers does not work.
    private const int MostCuts = 20;

    /// <summary>A client with at most so many connections, without a deadline.</summary>
    public static HttpClient CreateClient(Uri target, int connections) =>
        new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = connections })
        {
            BaseAddress = target,
            Timeout = Timeout.InfiniteTimeSpan,
        };

    /// <summary>
    /// Downloads an object as a whole. Gives the time to its first byte, and how often its body broke off before it was whole, where that
    /// is to be gone on with; else throws <see cref="IOException"/> then. Throws the rest as the other.
    /// </summary>
    public static async Task<(TimeSpan FirstByte, int Cuts)> RunWholeAsync(
        HttpClient client, int seed, long bytes, bool resumes, CancellationToken ct)
    {
        long position = 0;
        TimeSpan? firstByte = null;
        for (int cuts = 0; ; cuts++)
        {
            try
            {
                await RunAsync(client, seed, bytes, position == 0 ? null : (position, bytes), ct, Note);
                return (firstByte ?? TimeSpan.Zero, cuts);
            }
            catch (IOException) when (resumes && cuts < MostCuts)
            {
            }
        }

        void Note(long count, TimeSpan elapsed)
        {
            position += count;
            firstByte ??= elapsed;
        }
    }

    /// <summary>
    /// Downloads an object or, half-open, a part of it. Gives the bytes and the time to the first of them; throws
    /// <see cref="InvalidDataException"/> for a wrong byte or a body that is too short, <see cref="HttpRequestException"/> for another
    /// status. <paramref name="received"/> hears of each piece that was right, and how long after the request it came.
    /// </summary>
    public static async Task<(long Bytes, TimeSpan FirstByte)> RunAsync(
        HttpClient client, int seed, long bytes, (long Start, long End)? range, CancellationToken ct,
        Action<long, TimeSpan>? received = null)
    {
        long started = Stopwatch.GetTimestamp();
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
        int read = await body.ReadAsync(buffer, ct);
        TimeSpan firstByte = Stopwatch.GetElapsedTime(started);
        for (; read > 0; read = await body.ReadAsync(buffer, ct))
        {
            sink.Append(buffer.AsSpan(0, read));
            received?.Invoke(read, Stopwatch.GetElapsedTime(started));
        }

        long length = range is { } asked ? asked.End - asked.Start : bytes;
        return sink.Count == length
            ? (length, firstByte)
            : throw new InvalidDataException($"object {seed}: {sink.Count} of {length} bytes looked whole");
    }
}
