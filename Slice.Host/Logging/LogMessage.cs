using System.Text;

namespace Slice.Host.Logging;

/// <summary>The words of a line of ours without the values, which stand in fields of their own. Pure.</summary>
internal static class LogMessage
{
    /// <summary>The name under which the framework hands the template of a message out.</summary>
    public const string TemplateName = "{OriginalFormat}";

    /// <summary>The name of a value that is words of the message, and no field.</summary>
    public const string WordsName = "words";

    /// <summary>
    /// The template without its values, but with the one named <see cref="WordsName"/>: <c>the origin failed a request</c> of
    /// <c>the origin failed a request: {reason} {target}</c>, and an ellipsis for a value that words follow. The message as it is when it
    /// is a value as a whole, or when there is no template.
    /// </summary>
    public static string WordsOf(IReadOnlyList<KeyValuePair<string, object?>>? state, string message)
    {
        foreach (var (name, value) in state ?? [])
        {
            if (name == TemplateName && value is string template)
            {
                string words = WordsOf(Fill(template, state!));
                return words.Length > 0 ? words : message;
            }
        }

        return message;
    }

    // Braces of a value would look like the template's own.
    private static string Fill(string template, IReadOnlyList<KeyValuePair<string, object?>> pairs)
    {
        const string Place = "{" + WordsName + "}";
        foreach (var (name, value) in pairs)
        {
            if (name == WordsName && value is string words)
            {
                return template.Replace(Place, words.Replace('{', '(').Replace('}', ')'), StringComparison.Ordinal);
            }
        }

        return template;
    }

    /// <summary>The words of a template.</summary>
    internal static string WordsOf(string template)
    {
        StringBuilder words = new();
        int start = 0;
        while (template.IndexOf('{', start) is >= 0 and var open && template.IndexOf('}', open) is >= 0 and var close)
        {
            var before = template.AsSpan(start, open - start);

            // Of "seconds={seconds}" the name goes too: the field has it.
            words.Append(before.EndsWith("=") ? before[..(before.LastIndexOf(' ') + 1)] : before).Append('…');
            start = close + 1;
        }

        return words.Append(template.AsSpan(start)).ToString().TrimEnd('…', ' ', ':', ',', ';', '(');
    }
}
