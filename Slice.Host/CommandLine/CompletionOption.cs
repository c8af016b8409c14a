namespace Slice.Host.CommandLine;

/// <summary>An option, or the words that follow options, as completion scripts need it.</summary>
/// <param name="Names">Its names, the long one first; none for the words that follow options.</param>
/// <param name="ValueName">The name of its value, <c>SIZE</c>; empty for a flag.</param>
/// <param name="Value">What the value may be.</param>
/// <param name="Words">The values, where <paramref name="Value"/> is <see cref="CompletionValue.Words"/>.</param>
/// <param name="Summary">What it does, in a few words.</param>
internal sealed record CompletionOption(
    IReadOnlyList<string> Names, string ValueName, CompletionValue Value, IReadOnlyList<string> Words, string Summary)
{
    /// <summary>Whether a value follows the name.</summary>
    public bool HasValue => ValueName.Length > 0;
}
