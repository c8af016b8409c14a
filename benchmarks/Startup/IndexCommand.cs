using System.Diagnostics;
using System.Globalization;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Benchmarks.Startup;

/// <summary>
/// The verbs <c>index-fill</c> and <c>index-open</c>: how long a start with many slices takes, and what they cost in memory.
/// </summary>
internal static class IndexCommand
{
    private const int SliceSizeBytes = 1 << 20;
    private const int LookUps = 1_000_000;

    // The objects' stored responses are as long as those of an nginx that serves files.
    private const string FieldLines =
        "Server: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-Type: application/octet-stream\r\n"
        + "Last-Modified: Mon, 23 Nov 2026 11:00:00 GMT\r\nETag: \"6b04457a-4000000\"\r\n";

    /// <summary>
    /// Fills a directory with an index of objects and slices of 1 MiB whose segments are as long as they must be, and hold nothing.
    /// </summary>
    public static int Fill(string[] args)
    {
        var arguments = new Arguments(args);
        string directory = arguments.Text("--directory") ?? throw new ArgumentException("--directory is needed");
        int objects = (int)arguments.Number("--objects", 1000);
        int slices = (int)arguments.Number("--slices", 1000);
        long completeLength = arguments.Number("--bytes", (long)slices * SliceSizeBytes);
        arguments.RefuseUnknown();
        Directory.CreateDirectory(directory);
        long capacityBytes = (long)objects * slices * SliceSizeBytes;
        for (long made = 0; made < capacityBytes; made += StoreLayout.MaxSegmentBytes)
        {
            // Sparse: preallocated, a terabyte would be needed.
            using var segment = File.Create(
                Path.Combine(directory, StoreLayout.SegmentFileName((int)(made / StoreLayout.MaxSegmentBytes))));
            segment.SetLength(Math.Min(StoreLayout.MaxSegmentBytes, capacityBytes - made));
        }

        using (IndexFile.Create(Path.Combine(directory, StoreLayout.IndexFileName)))
        {
        }

        var index = new ObjectIndex();
        using var store = StoreOpener.Open(
            directory, capacityBytes, index, TimeProvider.System, IndexWriter.DefaultMinRewriteBytes, out _);
        long startedAt = Stopwatch.GetTimestamp();
        for (int number = 0; number < objects; number++)
        {
            var generation = new Generation(
                new CacheKey(KeyOf(number)),
                ResponseOf(completeLength),
                new SliceGrid(SliceSizeBytes),
                isShared: true,
                store);
            index.Publish(generation);
            for (int slice = 0; slice < slices; slice++)
            {
                Store(store, generation, (int)((long)slice * generation.Grid.CountFor(completeLength) / slices));
            }
        }

        double nanoseconds = Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds / Math.Max(1, store.SliceCount);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{objects} objects of {completeLength} bytes, {store.SliceCount} slices, {nanoseconds:F0} ns for each"));
        return 0;
    }

    /// <summary>Opens such a directory, finds objects and slices of it at random, and prints what it took.</summary>
    public static int Open(string[] args)
    {
        var arguments = new Arguments(args);
        string directory = arguments.Text("--directory") ?? throw new ArgumentException("--directory is needed");
        arguments.RefuseUnknown();
        long capacityBytes = StoreLayout.FindSegments(directory).Sum(path => new FileInfo(path).Length);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long startedAt = Stopwatch.GetTimestamp();
        var index = new ObjectIndex();
        using var store = StoreOpener.Open(
            directory, capacityBytes, index, TimeProvider.System, IndexWriter.DefaultMinRewriteBytes, out var recovered);
        var took = Stopwatch.GetElapsedTime(startedAt);
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        long file = new FileInfo(Path.Combine(directory, StoreLayout.IndexFileName)).Length;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{recovered.Objects} objects, {recovered.Slices} slices, {recovered.DroppedSlices} dropped; "
            + $"index {file >> 20} MiB; opened in {took.TotalMilliseconds:F0} ms; {bytes / 1048576.0:F1} MiB of managed memory, "
            + $"{(double)bytes / Math.Max(1, recovered.Slices):F1} bytes per slice, "
            + $"{bytes / Math.Max(1, recovered.Objects)} per object; a slice found in {LookUp(index, recovered.Objects):F0} ns"));
        GC.KeepAlive(index);
        return 0;
    }

    // One after the other, an object by its key and a lease on one of its slices. Of many objects, most are in no cache of the processor.
    private static double LookUp(ObjectIndex index, long objects)
    {
        var random = new Random(1);
        byte[][] keys = [.. Enumerable.Range(0, objects == 0 ? 0 : LookUps).Select(_ => KeyOf(random.Next((int)objects)))];
        var fields = new FieldTable();
        long startedAt = Stopwatch.GetTimestamp();
        foreach (byte[] key in keys)
        {
            if (!index.TryGet(key, fields, out var generation))
            {
                throw new InvalidOperationException($"{Encoding.ASCII.GetString(key)} is not there");
            }

            int slices = generation.Grid.CountFor(generation.CompleteLength);
            if (generation.TryLease(random.Next(slices), out var slice))
            {
                slice.Release();
            }
        }

        return Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds / LookUps;
    }

    private static byte[] KeyOf(int number) => Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"/mirror/pool/main/some/package_{number}_amd64.deb"));

    private static StoredResponse ResponseOf(long completeLength)
    {
        byte[] lines = Encoding.ASCII.GetBytes(FieldLines);
        return new StoredResponse(
            new Validator("\"6b04457a-4000000\"", "Mon, 23 Nov 2026 11:00:00 GMT", completeLength),
            new Freshness(Instant.ByWallClock(DateTimeOffset.UtcNow), TimeSpan.Zero, TimeSpan.FromHours(1)),
            lines,
            lastModifiedDate: null,
            date: null);
    }

    private static void Store(SliceStore store, Generation generation, int sliceIndex)
    {
        var slice = store.ReserveAsync(SliceSizeBytes).AsTask().GetAwaiter().GetResult()!.Slice;
        slice.TryLease();
        if (!generation.TryCommit(slice, sliceIndex))
        {
            throw new InvalidOperationException($"slice {sliceIndex} is there already");
        }

        slice.Release();
    }
}
