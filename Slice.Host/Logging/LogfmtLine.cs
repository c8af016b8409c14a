using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Slice.Host.Text;

namespace Slice.Host.Logging;

/// <summary>
/// Builds one line in logfmt: <c>time=… level=info event=listening address=0.0.0.0:8080 msg="…"</c>. Whatever a client sends, a line stays
/// one line and a value stays one value: everything outside visible ASCII, and every value with a space, quote or equals sign, is quoted.
/// </summary>
internal static class LogfmtLine
{
    // Arbitrary: twice the longest request-target by default would be 16 KiB; a log line need not carry it whole.
    private const int LongestValueChars = 2_048;

    // A stack trace is worth more than a URL.
    private const int LongestErrorChars = 16_384;

    private static readonly string[] s_ownKeys = ["time", "level", "event", "source", "msg", "error"];

    /// <summary>Whether a category is ours; lines of all others carry it as <c>source</c>.</summary>
    public static bool IsOwnCategory(string? category) => category is not null && category.StartsWith("Slice.", StringComparison.Ordinal);

    /// <summary>Appends one line without its end.</summary>
    /// <param name="line">Where to append.</param>
    /// <param name="time">The time, written in UTC with milliseconds.</param>
    /// <param name="entry">The event.</param>
    public static void Append(StringBuilder line, DateTimeOffset time, in LogEntryFields entry)
    {
        line.Append(CultureInfo.InvariantCulture, $"time={time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z level={LevelName(entry.Level)}");
        AppendPair(line, "event", EventName(entry.EventId, entry.Category), LongestValueChars);
        if (!IsOwnCategory(entry.Category))
        {
            AppendPair(line, "source", entry.Category, LongestValueChars);
        }

        string message = IsOwnCategory(entry.Category) ? LogMessage.WordsOf(entry.State, entry.Message) : entry.Message;
        AppendState(line, entry.State ?? [], message);
        AppendPair(line, "msg", message, LongestValueChars);
        if (entry.Exception is not null)
        {
            AppendPair(line, "error", entry.Exception.ToString(), LongestErrorChars);
        }
    }

    private static void AppendState(StringBuilder line, IReadOnlyList<KeyValuePair<string, object?>> pairs, string message)
    {
        foreach ((string name, object? value) in pairs)
        {
            // A message that is a field as a whole need not be said twice.
            if (name is not (LogMessage.TemplateName or LogMessage.WordsName) && !(value is string text && text == message))
            {
                string key = ToSnakeCase(name);
                // A client's field named "Level" must not look like ours.
                AppendPair(line, s_ownKeys.Contains(key) ? key + "_" : key, FormatValue(value), LongestValueChars);
            }
        }
    }

    private static void AppendPair(StringBuilder line, string key, string value, int longestChars)
    {
        line.Append(' ').Append(key).Append('=');
        bool isBare = value.Length > 0 && value.Length <= longestChars && !value.AsSpan().ContainsAnyExceptInRange('!', '~')
            && !value.AsSpan().ContainsAny('"', '=', '\\');
        if (isBare)
        {
            line.Append(value);
        }
        else
        {
            line.Append('"');
            PrintableText.AppendEscaped(line, value, longestChars);
            line.Append('"');
        }
    }

    private static string FormatValue(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    // Events of others have no name now and then; the class they come from says more than a number.
    private static string EventName(EventId eventId, string category) =>
        ToSnakeCase(string.IsNullOrEmpty(eventId.Name) ? category[(category.LastIndexOf('.') + 1)..] : eventId.Name);

    /// <summary><c>RemoteAddress</c> becomes <c>remote_address</c>; what is no letter or digit becomes an underscore.</summary>
    internal static string ToSnakeCase(string name)
    {
        StringBuilder snake = new(name.Length + 4);
        for (int i = 0; i < name.Length; i++)
        {
            bool beginsWord = char.IsAsciiLetterUpper(name[i]) && i > 0
                && (!char.IsAsciiLetterUpper(name[i - 1]) || (i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1])))
                && snake[^1] != '_';
            snake.Append(beginsWord ? "_" : "").Append(char.IsAsciiLetterOrDigit(name[i]) ? char.ToLowerInvariant(name[i]) : '_');
        }

        return snake.Length == 0 ? "_" : snake.ToString();
    }
}
