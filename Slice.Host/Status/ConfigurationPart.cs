using System.Text.Json;
using Slice.Core.Options;

namespace Slice.Host.Status;

/// <summary><c>/api/configuration</c>: every key with its value in force; of a secret, only whether there is one. Pure.</summary>
internal static class ConfigurationPart
{
    private static readonly SliceOptions s_defaults = new();

    /// <summary>Writes the members.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources)
    {
        var options = sources.Settings.Current.Options;
        json.WriteStartArray("keys");
        foreach (var key in OptionTable.Keys)
        {
            json.WriteStartObject();
            json.WriteString("name", key.Name);
            json.WriteString("value", TextOf(key, options));
            json.WriteString("default", key.DefaultText);
            json.WriteBoolean("is_default", TextOf(key, options) == TextOf(key, s_defaults));
            json.WriteString("reload", key.Reload == OptionReload.Live ? "live" : "restart");
            json.WriteString("summary", key.Summary);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string? TextOf(OptionKey key, SliceOptions options) => key.Read(options) switch
    {
        null => null,
        _ when key.IsSecret => OptionKey.Redacted,
        object value => key.Format(value),
    };
}
