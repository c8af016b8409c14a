namespace Slice.Core.Options;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Key">The key as in the file, with its section: <c>timeouts.connect</c>.</param>
/// <param name="Value">The value at fault as text; a secret is replaced by <see cref="OptionKey.Redacted"/>.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Allowed">What is allowed.</param>
public readonly record struct OptionError(string Key, string Value, string Problem, string Allowed)
{
    /// <summary><c>key: value: what is wrong, allowed: what is allowed</c>.</summary>
    public override string ToString() => $"{Key}: {Value}: {Problem}, allowed: {Allowed}";
}
