using System.Text;

namespace Slice.Core.Options;

/// <summary>
/// How a line of the access log looks: texts and fields in turn, made of <c>access_log.format</c>. Immutable.
/// </summary>
public sealed class AccessLogFormat
{
    /// <summary>Most fields of a template. Arbitrary; there are half as many.</summary>
    public const int MaxFields = 64;

    /// <summary>Most bytes of text between the fields of a template. Arbitrary.</summary>
    public const int MaxTextBytes = 2_048;

    // What Apache and nginx call combined; the user that HTTP authentication names is never known here.
    private const string Combined = "{client} - - [{time_local}] \"{request}\" {status} {bytes} \"{referer}\" \"{user_agent}\"";

    // They say again what others say.
    private static readonly AccessLogField[] s_notInRecords = [AccessLogField.TimeLocal, AccessLogField.Request];

    private static readonly string[] s_names = [.. Enum.GetNames<AccessLogField>().Select(NameOf)];

    private readonly AccessLogPiece[] _pieces;

    private AccessLogFormat(AccessLogSyntax syntax, List<AccessLogPiece> pieces) => (Syntax, _pieces) = (syntax, [.. pieces]);

    /// <summary>What may stand in the configuration, in words, with the name of every field.</summary>
    public static string Description { get; } =
        $"combined, json, logfmt, or a template with at least one of {string.Join(", ", s_names.Select(name => $"{{{name}}}"))}";

    /// <summary>The names of the fields, in the order of <see cref="AccessLogField"/>.</summary>
    public static IReadOnlyList<string> FieldNames => s_names;

    /// <summary>How values are written.</summary>
    public AccessLogSyntax Syntax { get; }

    /// <summary>Texts and fields in the order of the line. Braces, commas and the names of JSON and logfmt are among the texts.</summary>
    public ReadOnlySpan<AccessLogPiece> Pieces => _pieces;

    /// <summary>Reads a format: a name, or a template. In a template <c>{{</c> and <c>}}</c> are braces.</summary>
    /// <param name="text">What stands in the configuration.</param>
    /// <param name="format">The format; null when the result is not.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Parse(string text, out AccessLogFormat? format)
    {
        format = null;
        switch (text)
        {
            case "json":
                format = new AccessLogFormat(AccessLogSyntax.Json, Record("{\"", ",\"", "\":", "}"));
                return null;
            case "logfmt":
                format = new AccessLogFormat(AccessLogSyntax.Logfmt, Record("", " ", "=", ""));
                return null;
            default:
                string? problem = ParseTemplate(text == "combined" ? Combined : text, out var pieces);
                format = problem is null ? new AccessLogFormat(AccessLogSyntax.Text, pieces) : null;
                return problem;
        }
    }

    private static List<AccessLogPiece> Record(string first, string next, string behindName, string last)
    {
        List<AccessLogPiece> pieces = [];
        foreach (var field in Enum.GetValues<AccessLogField>().Except(s_notInRecords))
        {
            string name = (pieces.Count == 0 ? first : next) + s_names[(int)field] + behindName;
            pieces.Add(new AccessLogPiece(Encoding.UTF8.GetBytes(name), null));
            pieces.Add(new AccessLogPiece(default, field));
        }

        pieces.Add(new AccessLogPiece(Encoding.UTF8.GetBytes(last), null));
        return pieces;
    }

    private static string? ParseTemplate(string text, out List<AccessLogPiece> pieces)
    {
        pieces = [];
        StringBuilder words = new();
        for (int index = 0; index < text.Length; index++)
        {
            char character = text[index];
            bool isDoubled = character is '{' or '}' && index + 1 < text.Length && text[index + 1] == character;
            if (char.IsControl(character))
            {
                return "a line cannot have control characters";
            }

            if (isDoubled || character is not ('{' or '}'))
            {
                words.Append(character);
                index += isDoubled ? 1 : 0;
                continue;
            }

            int end = text.IndexOf('}', index);
            if (character == '}' || end < 0)
            {
                return $"a single {character}; in a template {character}{character} stands for one";
            }

            string name = text[(index + 1)..end];
            int field = Array.IndexOf(s_names, name);
            if (field < 0)
            {
                return $"no such field: {{{name}}}";
            }

            AddText(pieces, words);
            pieces.Add(new AccessLogPiece(default, (AccessLogField)field));
            index = end;
        }

        AddText(pieces, words);
        int fields = pieces.Count(piece => piece.Field is not null);
        return fields == 0 ? "neither the name of a format nor a template"
            : fields > MaxFields ? $"more than {MaxFields} fields"
            : pieces.Sum(piece => piece.Text.Length) > MaxTextBytes ? $"more than {MaxTextBytes} bytes between the fields"
            : null;
    }

    private static void AddText(List<AccessLogPiece> pieces, StringBuilder words)
    {
        if (words.Length > 0)
        {
            pieces.Add(new AccessLogPiece(Encoding.UTF8.GetBytes(words.ToString()), null));
            words.Clear();
        }
    }

    private static string NameOf(string member)
    {
        StringBuilder name = new();
        foreach (char letter in member)
        {
            name.Append(char.IsAsciiLetterUpper(letter) && name.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(letter));
        }

        return name.ToString();
    }
}
