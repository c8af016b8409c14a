using System.Text.Json;

namespace Slice.Host.Status;

/// <summary><c>/api/traffic</c>: what goes through the instance, in sum, over five minutes, and second by second. Pure.</summary>
internal static class TrafficPart
{
    /// <summary>Writes the members.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="sources">What of.</param>
    /// <param name="seconds">How many of the latest seconds.</param>
    public static void Write(Utf8JsonWriter json, StatusSources sources, int seconds)
    {
        var meter = sources.Meter;
        json.WriteString("version", sources.Version);
        json.WriteString("state", sources.State.Status);
        json.WriteString("now", sources.Time.GetUtcNow());
        json.WriteNumber("requests", meter.Requests);
        json.WriteNumber("active_requests", meter.ActiveRequests.Value);
        json.WriteNumber("open_connections", meter.OpenConnections.Value);
        json.WriteNumber("bytes_to_client", meter.BytesToClient.Value);
        json.WriteNumber("bytes_from_cache", meter.BytesFromCache.Value);
        json.WriteNumber("bytes_from_origin", meter.BytesFromOrigin.Value);
        StatusJson.WriteFigure(json, "hit_rate_percent", meter.Window.HitRatePercent);
        StatusJson.WriteFigure(json, "subrequest_failure_rate_percent", meter.Window.FailureRatePercent);
        StatusJson.WriteFigure(json, "request_ms", meter.Window.RequestMs);
        StatusJson.WriteFigure(json, "subrequest_ms", meter.Window.SubrequestMs);
        StatusJson.WriteCounts(json, "responses", meter.Responses.Read());
        StatusJson.WriteCounts(json, "cache_results", meter.CacheResults.Read());
        WriteSamples(json, sources.Traffic.Read(seconds, out long last), last);
    }

    private static void WriteSamples(Utf8JsonWriter json, TrafficSample[] samples, long last)
    {
        json.WriteStartObject("samples");
        json.WriteNumber("step_seconds", 1);
        json.WriteNumber("last", last);
        WriteColumn(json, "bytes_to_client", samples, static sample => sample.ToClients);
        WriteColumn(json, "bytes_from_origin", samples, static sample => sample.FromOrigin);
        WriteColumn(json, "requests", samples, static sample => sample.Requests);
        WriteColumn(json, "slices_hit", samples, static sample => sample.SlicesHit);
        WriteColumn(json, "slices_missed", samples, static sample => sample.SlicesMissed);
        json.WriteEndObject();
    }

    private static void WriteColumn(Utf8JsonWriter json, string name, TrafficSample[] samples, Func<TrafficSample, long> read)
    {
        json.WriteStartArray(name);
        foreach (var sample in samples)
        {
            json.WriteNumberValue(read(sample));
        }

        json.WriteEndArray();
    }
}
