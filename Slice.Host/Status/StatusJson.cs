using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Slice.Host.Status;

/// <summary>Makes JSON of parts of the status. What comes from outside is text in it and nothing else: the writer escapes. Pure.</summary>
internal static class StatusJson
{
    /// <summary>One object.</summary>
    /// <param name="writeMembers">Writes what is in it.</param>
    public static ArrayBufferWriter<byte> Write(Action<Utf8JsonWriter> writeMembers)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        writeMembers(json);
        json.WriteEndObject();
        return bytes;
    }

    /// <summary>An object in an object.</summary>
    public static void WritePart(Utf8JsonWriter json, string name, Action<Utf8JsonWriter> writeMembers)
    {
        json.WriteStartObject(name);
        writeMembers(json);
        json.WriteEndObject();
    }

    /// <summary>A figure that there may be none of: NaN is null, as JSON has no other word for it.</summary>
    public static void WriteFigure(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, Math.Round(value, 3));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Counts by a label.</summary>
    public static void WriteCounts(Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, long>> counts)
    {
        json.WriteStartObject(name);
        foreach (var (label, count) in counts)
        {
            json.WriteNumber(label, count);
        }

        json.WriteEndObject();
    }

    /// <summary>Bytes of a target or a host as text; those beyond ASCII as Latin-1.</summary>
    public static string TextOf(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
