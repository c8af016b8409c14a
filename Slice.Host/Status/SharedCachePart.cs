using System.Text.Json;
using Slice.Core.SharedCache;

namespace Slice.Host.Status;

/// <summary>
/// <c>/api/shared_cache</c>: the tier that instances share, whether it is in use, what was found in it, and who else uses it. Pure.
/// </summary>
internal static class SharedCachePart
{
    /// <summary>Writes the members; only the type where none is configured.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources)
    {
        if (sources.SharedCache is not { } shared)
        {
            json.WriteString("type", "none");
            return;
        }

        var tier = shared.Tier;
        json.WriteString("type", shared.Type.ToString().ToLowerInvariant());
        json.WriteString("store", tier.StoreName);
        json.WriteString("description", shared.Description);
        json.WriteString("state", WordOf(tier.State));
        json.WriteString("reason", tier.State == TierState.Up ? null : tier.Fleet.Reason);
        StatusJson.WriteFigure(json, "hit_rate_percent", shared.HitRatePercent);
        WriteReads(json, shared);
        WriteOthers(json, tier);
        WriteInstances(json, tier.Fleet);
    }

    /// <summary>The word for a state, here and in <c>/health</c>.</summary>
    public static string WordOf(TierState state) => state switch
    {
        TierState.Up => "up",
        TierState.Down => "down",
        _ => "starting",
    };

    private static void WriteReads(Utf8JsonWriter json, SharedCacheFigures shared)
    {
        json.WriteNumber("hits", shared.Count("hit"));
        json.WriteNumber("misses", shared.Count("miss"));
        json.WriteNumber("damaged", shared.Count("damaged"));
        json.WriteNumber("outdated", shared.Count("outdated"));
        json.WriteNumber("timeouts", shared.Count("timeout"));
        json.WriteNumber("errors", shared.Count("error"));
        json.WriteNumber("skipped", shared.Count("skipped"));
        json.WriteNumber("busy", shared.Count("busy"));
    }

    private static void WriteOthers(Utf8JsonWriter json, SharedTier tier)
    {
        var meter = tier.Meter;
        json.WriteNumber("bytes_read", meter.BytesRead);
        json.WriteNumber("bytes_written", meter.BytesWritten);
        json.WriteNumber("values_written", SharedCacheFigures.CountOf(meter.Writes, "written"));
        json.WriteNumber("writes_dropped", SharedCacheFigures.CountOf(meter.Writes, "dropped"));
        json.WriteNumber(
            "writes_failed",
            SharedCacheFigures.CountOf(meter.Writes, "timeout") + SharedCacheFigures.CountOf(meter.Writes, "error"));
        json.WriteNumber("turns_taken", SharedCacheFigures.CountOf(meter.Turns, "taken"));
        json.WriteNumber("turns_followed", SharedCacheFigures.CountOf(meter.Turns, "followed"));
        json.WriteNumber("news_told", meter.NewsTold);
        json.WriteNumber("news_heard", meter.NewsHeard);
        json.WriteNumber("news_lost", meter.NewsLost);
    }

    private static void WriteInstances(Utf8JsonWriter json, TierFleet fleet)
    {
        json.WriteStartArray("instances");
        foreach (var member in fleet.Members.OrderBy(static member => member.Name, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", member.Name);
            json.WriteBoolean("self", member.Id == fleet.Id);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
