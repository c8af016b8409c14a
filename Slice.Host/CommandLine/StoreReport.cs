using System.Globalization;
using System.Text.Json;
using Slice.Core.Caching;
using Slice.Core.Objects.Journal;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>What <c>inspect</c> says of a cache directory, for people and for scripts.</summary>
internal static class StoreReport
{
    /// <summary>Compares every slice with its checksum, and says how far it is while somebody looks.</summary>
    public static List<DamagedSlice> Verify(StoreInspection store, TextWriter error, bool isTerminal)
    {
        long total = store.Objects.Sum(stored => stored.StoredBytes);
        long done = 0;
        long shownPercent = -1;
        List<DamagedSlice> damaged = [.. store.Verify(bytes =>
        {
            done += bytes;
            if (isTerminal && done * 100 / total is var percent && percent != shownPercent)
            {
                shownPercent = percent;
                error.Write($"\rcomparing {percent} %");
            }
        })];
        if (isTerminal && shownPercent >= 0)
        {
            error.Write("\r                \r");
        }

        return damaged;
    }

    /// <summary>Writes all of it for people.</summary>
    public static void Write(
        StoreInspection store, List<DamagedSlice>? damaged, InspectCommand command, DateTimeOffset now, TextWriter output)
    {
        WriteTotals(store, output);
        WriteObjects(store, command, now, output);
        WriteDamaged(damaged, output);
    }

    private static void WriteTotals(StoreInspection store, TextWriter output)
    {
        long slices = store.Objects.Sum(stored => (long)stored.StoredSlices);
        long bytes = store.Objects.Sum(stored => stored.StoredBytes);
        output.WriteLine($"directory  {store.Directory}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"objects    {store.Objects.Count}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"slices     {slices}, {ReadableSize.Format(bytes)}"));
        string segmentSize = ReadableSize.Format(store.SegmentBytes);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"segments   {store.Segments}, {segmentSize}"));
        string torn = store.TornBytes > 0
            ? string.Create(CultureInfo.InvariantCulture, $", the last {store.TornBytes} bytes are no whole record")
            : "";
        output.WriteLine($"index      {ReadableSize.Format(store.IndexBytes)}{torn}");
        output.WriteLine($"last stop  {(store.WasClosed ? "clean" : "not clean, or still running")}");
    }

    private static void WriteObjects(StoreInspection store, InspectCommand command, DateTimeOffset now, TextWriter output)
    {
        if (store.Objects.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine($"{"stored",10}  {"of",10}  {"slices",13}  {"age",8}  {"fresh for",9}  object");
        foreach (var stored in store.Objects.Take(command.Limit))
        {
            var age = stored.Response.Freshness.AgeAt(Instant.ByWallClock(now));
            var left = stored.Response.Freshness.Lifetime - age;
            string slices = string.Create(CultureInfo.InvariantCulture, $"{stored.StoredSlices}/{stored.TotalSlices}");
            string stays = left > TimeSpan.Zero ? Span(left) : "stale";
            string size = $"{ReadableSize.Format(stored.StoredBytes),10}  {ReadableSize.Format(stored.Response.CompleteLength),10}";
            output.WriteLine($"{size}  {slices,13}  {Span(age),8}  {stays,9}  {PrintableText.Escape(stored.Key, 200)}");
        }

        if (store.Objects.Count > command.Limit)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"and {store.Objects.Count - command.Limit} more (--limit)"));
        }
    }

    private static void WriteDamaged(List<DamagedSlice>? damaged, TextWriter output)
    {
        if (damaged is null)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine(
            damaged.Count == 0
                ? "every slice agrees with its checksum"
                : string.Create(
                    CultureInfo.InvariantCulture, $"{damaged.Count} damaged slices; they are fetched anew when they are asked for"));
        foreach (var slice in damaged)
        {
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  slice {slice.SliceIndex} of {PrintableText.Escape(slice.Key, 200)}: {slice.Problem}"));
        }
    }

    /// <summary>Writes the members for scripts.</summary>
    public static void WriteJson(
        Utf8JsonWriter json, StoreInspection store, List<DamagedSlice>? damaged, InspectCommand command, DateTimeOffset now)
    {
        json.WriteString("directory", store.Directory);
        json.WriteNumber("objects", store.Objects.Count);
        json.WriteNumber("slices", store.Objects.Sum(stored => (long)stored.StoredSlices));
        json.WriteNumber("stored_bytes", store.Objects.Sum(stored => stored.StoredBytes));
        json.WriteNumber("segments", store.Segments);
        json.WriteNumber("segment_bytes", store.SegmentBytes);
        json.WriteNumber("index_bytes", store.IndexBytes);
        json.WriteNumber("torn_bytes", store.TornBytes);
        json.WriteBoolean("last_stop_clean", store.WasClosed);
        json.WriteStartArray("object_list");
        foreach (var stored in store.Objects.Take(command.Limit))
        {
            var age = stored.Response.Freshness.AgeAt(Instant.ByWallClock(now));
            json.WriteStartObject();
            json.WriteString("key", stored.Key);
            json.WriteNumber("status", stored.Response.Status);
            json.WriteNumber("complete_length", stored.Response.CompleteLength);
            json.WriteNumber("slice_size", stored.SliceSizeBytes);
            json.WriteNumber("slices_stored", stored.StoredSlices);
            json.WriteNumber("slices_total", stored.TotalSlices);
            json.WriteNumber("stored_bytes", stored.StoredBytes);
            json.WriteNumber("age_seconds", (long)age.TotalSeconds);
            json.WriteNumber("fresh_for_seconds", (long)(stored.Response.Freshness.Lifetime - age).TotalSeconds);
            json.WriteString("etag", stored.Response.Validator.EntityTag);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (damaged is not null)
        {
            json.WriteStartArray("damaged");
            foreach (var slice in damaged)
            {
                json.WriteStartObject();
                json.WriteString("key", slice.Key);
                json.WriteNumber("slice", slice.SliceIndex);
                json.WriteString("problem", slice.Problem);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    /// <summary>A time in its two largest units.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalDays}d {span.Hours}h"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Hours}h {span.Minutes}m"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}m {span.Seconds}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalSeconds}s"),
    };
}
