using System.Text.RegularExpressions;

namespace Slice.Core.Options;

/// <summary>Regular expressions of <c>slice_patterns</c>.</summary>
public static class SlicePattern
{
    /// <summary>How an expression is written, in words for an error line.</summary>
    public const string Syntax = "a .NET regular expression without lookaround, backreferences and atomic groups";

    /// <summary>
    /// The options every pattern is compiled with. Without backtracking the time is linear in the path (after Moseley et al.,
    /// PLDI 2023), so a hostile URL cannot stall the proxy; the invariant culture keeps <c>(?i)</c> the same on every machine.
    /// </summary>
    public const RegexOptions CompileOptions = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>Compiles an expression; for start-up, never for a request.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="pattern">The compiled expression, or null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Compile(string text, out Regex? pattern)
    {
        pattern = null;
        try
        {
            pattern = new Regex(text, CompileOptions);
            return null;
        }
        catch (RegexParseException exception)
        {
            return $"not a regular expression ({exception.Error} at offset {exception.Offset})";
        }
        catch (NotSupportedException)
        {
            return PatternLimits.Explain(text);
        }
    }
}
