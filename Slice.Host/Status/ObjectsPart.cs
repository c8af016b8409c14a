using System.Buffers.Text;
using System.Text.Json;
using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Host.Status;

/// <summary><c>/api/objects</c>: what a search has found. Pure.</summary>
internal static class ObjectsPart
{
    /// <summary>Writes the members.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources, string text, FoundObjects found)
    {
        var now = Instant.Now(sources.Time);
        json.WriteString("q", text);
        json.WriteNumber("looked_at", found.Looked);
        json.WriteNumber("stored", sources.Index.Count);
        json.WriteBoolean("complete", found.IsComplete);
        json.WriteStartArray("objects");
        foreach (var item in found.Objects)
        {
            json.WriteStartObject();
            json.WriteString("path", StatusJson.TextOf(KeyFields.ResourceOf(item.Key.Bytes)));
            json.WriteString("id", IdOf(item.Key));
            json.WriteNumber("status", item.Status);
            json.WriteNumber("bytes", item.CompleteLength);
            json.WriteNumber("slices", item.Slices);
            json.WriteNumber("stored_slices", item.StoredSlices);
            json.WriteNumber("age_seconds", (long)item.Freshness.AgeAt(now).TotalSeconds);
            json.WriteBoolean("fresh", item.Freshness.IsFreshAt(now));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A name for an object that stands in a URL as it is.</summary>
    public static string IdOf(CacheKey key) => Base64Url.EncodeToString(key.Bytes);

    /// <summary>The key of that name; null when it is none.</summary>
    public static CacheKey? KeyOf(string id)
    {
        if (id.Length is 0 or > 2 * CacheKey.MaxBytes || !Base64Url.IsValid(id))
        {
            return null;
        }

        byte[] key = Base64Url.DecodeFromChars(id);
        return key.Length is > 0 and <= CacheKey.MaxBytes ? new CacheKey(key) : null;
    }
}
