using System.Text.Json;

namespace Slice.Host.Status;

/// <summary><c>/api/origins</c>: the addresses of the origin, whether they rest, and how fast they answer. Pure.</summary>
internal static class OriginsPart
{
    /// <summary>Writes the members.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources)
    {
        json.WriteNumber("requests_inside", sources.Gate.Inside);
        json.WriteBoolean("others_wait", sources.Gate.IsWaitedAt);
        json.WriteNumber("max_requests", sources.Settings.Current.Options.Limits.MaxOriginRequests);
        StatusJson.WriteCounts(json, "connections", sources.Meter.Sources.OriginConnections?.Invoke() ?? []);
        json.WriteStartArray("origins");
        foreach (var (address, isHealthy) in sources.Settings.Current.Origin.ReadHealth())
        {
            var times = sources.OriginTimes.Of(address);
            json.WriteStartObject();
            json.WriteString("address", address);
            json.WriteString("state", isHealthy == 1 ? "healthy" : "resting");
            json.WriteNumber("answers", times.Answers);
            json.WriteNumber("failures", times.Failures);
            StatusJson.WriteFigure(json, "latency_ms", times.Answers == 0 ? double.NaN : times.Mean.TotalMilliseconds);
            json.WriteNumber("last_status", times.LastStatus);
            json.WriteString("last_failure", times.LastFailure);
            if (times.LastFailure is not null)
            {
                json.WriteString("last_failure_at", times.LastFailureAt);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
