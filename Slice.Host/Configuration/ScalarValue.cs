using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>Turns a single value of a file into the type its key has.</summary>
internal static class ScalarValue
{
    /// <summary>Reads a value. Ranges are not looked at.</summary>
    /// <param name="key">The key, whose kind says how to read.</param>
    /// <param name="scalar">The value in the file.</param>
    /// <param name="value">What was read, typed as <see cref="OptionKind"/> says; null when the result is not.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Parse(OptionKey key, ConfigurationScalar scalar, out object? value)
    {
        value = null;
        switch (key.Kind)
        {
            case OptionKind.Count:
                return ParseCount(scalar, out value);
            case OptionKind.Flag:
                return ParseFlag(scalar, out value);
            case OptionKind.Size:
                bool isSize = ByteSizeText.TryParse(scalar.Text, out long sizeBytes);
                value = isSize ? sizeBytes : null;
                return isSize ? null : $"{ValueHint.OfSize(scalar.Text)} ({ByteSizeText.Syntax})";
            case OptionKind.Duration:
                bool isDuration = DurationText.TryParse(scalar.Text, out TimeSpan duration);
                value = isDuration ? duration : null;
                return isDuration ? null : $"{ValueHint.OfDuration(scalar.Text)} ({DurationText.Syntax})";
            case OptionKind.LogLevel:
                bool isSeverity = LogSeverityText.TryParse(scalar.Text, out LogSeverity severity);
                value = isSeverity ? severity : null;
                return isSeverity ? null : "not a severity";
            default:
                value = scalar.Text;
                return null;
        }
    }

    private static string? ParseCount(ConfigurationScalar scalar, out object? value)
    {
        bool isCount = WholeNumber.TryParse(scalar.Text, out long number);
        value = isCount && scalar.IsPlain ? number : null;
        return !isCount ? ValueHint.OfCount(scalar.Text) : !scalar.IsPlain ? "a text in quotes, not a whole number" : null;
    }

    /// <summary>Reads a flag; null and what is wrong, or the flag and null.</summary>
    // YAML 1.2 §10.3.2. The yes, no, on and off of YAML 1.1 are refused: half of all readers take them for texts.
    public static string? ParseFlag(ConfigurationScalar scalar, out object? value)
    {
        value = scalar.Text switch
        {
            _ when !scalar.IsPlain => null,
            "true" or "True" or "TRUE" => true,
            "false" or "False" or "FALSE" => false,
            _ => null,
        };
        return value is not null ? null : scalar.IsPlain ? ValueHint.OfFlag(scalar.Text) : "a text in quotes, not a flag";
    }
}
