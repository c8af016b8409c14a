using System.Text.Json;

namespace Slice.Host.Status;

/// <summary><c>/api/errors</c>: the last warnings and errors, the newest first, and how many there were by reason. Pure.</summary>
internal static class ErrorsPart
{
    /// <summary>Writes the members.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources)
    {
        json.WriteNumber("count", sources.Errors.Count);
        StatusJson.WriteCounts(json, "by_reason", sources.Meter.Errors.Read());
        json.WriteStartArray("errors");
        foreach (var error in sources.Errors.Read())
        {
            json.WriteStartObject();
            json.WriteNumber("number", error.Number);
            json.WriteString("at", error.At);
            json.WriteString("level", error.IsError ? "error" : "warning");
            json.WriteString("event", error.Event);
            json.WriteString("text", error.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
