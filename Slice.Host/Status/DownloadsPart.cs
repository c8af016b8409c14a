using System.Text.Json;
using Slice.Core.Caching;

namespace Slice.Host.Status;

/// <summary><c>/api/downloads</c>: the deliveries of slices under way, the oldest first, with their slice maps. Pure.</summary>
internal static class DownloadsPart
{
    /// <summary>Deliveries that are listed; more are counted. Arbitrary: what a person can look at.</summary>
    public const int MaxListed = 24;

    /// <summary>Writes the members.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources)
    {
        var downloads = sources.Deliveries.Look(MaxListed, out int count);
        json.WriteNumber("active", count);
        json.WriteStartArray("downloads");
        foreach (var download in downloads)
        {
            json.WriteStartObject();
            json.WriteString("path", StatusJson.TextOf(KeyFields.ResourceOf(download.Key.Bytes)));
            json.WriteString("client", download.Client.ToString());
            json.WriteNumber("seconds", Math.Round(Math.Max(0, sources.Time.GetElapsedTime(download.StartedAt).TotalSeconds), 1));
            json.WriteNumber("bytes", download.WantedBytes);
            json.WriteNumber("sent_bytes", download.SentBytes);
            json.WriteNumber("slices", download.Slices);
            json.WriteNumber("slice_bytes", download.SliceBytes);
            json.WriteNumber("slices_hit", download.SlicesHit);
            json.WriteNumber("slices_fetched", download.SlicesFetched);
            json.WriteString("map", download.Map);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
