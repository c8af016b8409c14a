using Slice.Core.Options;

namespace Slice.Host.Logging;

/// <summary>
/// What SLICE_LOG says: a severity, and more of them for categories of the framework that are named:
/// <c>debug,Microsoft.AspNetCore.Server.Kestrel=info</c>. Immutable.
/// </summary>
/// <param name="Severity">The least severity of our own lines; null when nothing is said.</param>
/// <param name="Named">Beginnings of categories with the least severity of their lines, the longest first.</param>
public sealed record LogDirectives(LogSeverity? Severity, IReadOnlyList<KeyValuePair<string, LogSeverity>> Named)
{
    /// <summary>What may stand there, in words for an error line.</summary>
    public const string Syntax = LogSeverityText.Syntax + ", and CATEGORY=SEVERITY behind commas for lines of the framework";

    /// <summary>Nothing is said.</summary>
    public static LogDirectives None { get; } = new(null, []);

    /// <summary>Reads the variable; null when it is wrong.</summary>
    public static LogDirectives? Parse(string? text)
    {
        LogSeverity? own = null;
        List<KeyValuePair<string, LogSeverity>> named = [];
        foreach (string directive in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = directive.IndexOf('=', StringComparison.Ordinal);
            bool isSeverity = LogSeverityText.TryParse(directive[(equals + 1)..].Trim(), out var severity);
            if (!isSeverity || equals == 0 || (equals < 0 && own is not null))
            {
                return null;
            }

            if (equals < 0)
            {
                own = severity;
            }
            else
            {
                named.Add(KeyValuePair.Create(directive[..equals].Trim(), severity));
            }
        }

        return new LogDirectives(own, [.. named.OrderByDescending(pair => pair.Key.Length)]);
    }
}
