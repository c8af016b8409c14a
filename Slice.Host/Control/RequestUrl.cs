using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Slice.Host.Control;

/// <summary>A URL as an instance is asked for it: the target with its own spelling, and the host when there is one.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Host">Host and port; null for a path alone.</param>
/// <param name="Target">Path and query.</param>
public sealed record RequestUrl(string Text, string? Host, string Target)
{
    /// <summary>How one is written, for messages.</summary>
    public const string Syntax = "a path that begins with /, or a URL that begins with http:// or https://";

    /// <summary>
    /// Reads a path or a URL. Letters beyond ASCII are written as the escapes of UTF-8; a fragment stays with its reader.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RequestUrl? url)
    {
        url = null;
        int end = text.IndexOf('#', StringComparison.Ordinal);
        string rest = end < 0 ? text : text[..end];
        string? host = null;
        foreach (string scheme in (string[])["http://", "https://"])
        {
            if (rest.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                int slash = rest.AsSpan(scheme.Length).IndexOfAny('/', '?');
                host = slash < 0 ? rest[scheme.Length..] : rest.Substring(scheme.Length, slash);
                rest = slash < 0 ? "/" : rest[(scheme.Length + slash)..];
                rest = rest.StartsWith('?') ? "/" + rest : rest;
                break;
            }
        }

        bool isUsable = rest.StartsWith('/')
            && !rest.Any(character => char.IsControl(character) || character == ' ')
            && (host is null || (host.Length > 0 && !host.Contains('@', StringComparison.Ordinal) && host.All(IsOfHost)));
        if (isUsable)
        {
            url = new RequestUrl(text, host, Escape(rest));
        }

        return isUsable;
    }

    private static bool IsOfHost(char character) =>
        char.IsAsciiLetterOrDigit(character) || ".-_:[]%".Contains(character, StringComparison.Ordinal);

    private static string Escape(string target)
    {
        if (System.Text.Ascii.IsValid(target))
        {
            return target;
        }

        var escaped = new StringBuilder();
        foreach (byte octet in Encoding.UTF8.GetBytes(target))
        {
            escaped.Append(octet < 0x80 ? ((char)octet).ToString() : $"%{octet:X2}");
        }

        return escaped.ToString();
    }
}
