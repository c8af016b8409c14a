using System.Globalization;
using System.Text;

namespace Slice.Tests.Support;

/// <summary>Bytes as text and back, one character per byte, and the little parsing that both ends of the test wire share.</summary>
public static class Wire
{
    /// <summary>The bytes of <paramref name="text"/>, whose characters are all below U+0100.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>The text whose characters are these bytes.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>For messages: at most the first 600 bytes, with control characters escaped, and how many there are.</summary>
    public static string Show(ReadOnlySpan<byte> bytes)
    {
        const int ShownBytes = 600;
        var text = new StringBuilder();
        foreach (char c in Text(bytes[..Math.Min(bytes.Length, ShownBytes)]))
        {
            text.Append(c switch
            {
                '\r' => "\\r",
                '\n' => "\\n\n",
                < ' ' or > '~' => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => c.ToString(),
            });
        }

        return $"[{bytes.Length} bytes] {text}{(bytes.Length > ShownBytes ? "…" : "")}";
    }

    internal static List<string> FieldValues(string[] lines, string name)
    {
        var values = new List<string>();
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon == name.Length && line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                values.Add(line[(colon + 1)..].Trim(' ', '\t'));
            }
        }

        return values;
    }
}
