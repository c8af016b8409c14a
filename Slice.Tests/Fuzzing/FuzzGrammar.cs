using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>What <see cref="FuzzMutator"/> knows of an input language. Texts have one character per byte.</summary>
internal sealed record FuzzGrammar
{
    // Where integer types end, and one to either side; with a digit more, and with zeros before.
    private static readonly string[] s_numbers =
    [
        "0", "1", "2", "9", "10", "99", "255", "256", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993",
        "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
        "99999999999999999999999", "00", "000000000000000000000000005", "-1", "+1", "0x10", "1e3",
    ];

    /// <summary>Inputs to begin with: valid ones, and those that once went wrong.</summary>
    public required string[] Seeds { get; init; }

    /// <summary>Pieces that mean something, valid or not.</summary>
    public required string[] Words { get; init; }

    /// <summary>What separates the pieces that are repeated, dropped and swapped whole: CRLF between lines, a comma in a list.</summary>
    public required string Separator { get; init; }

    /// <summary>Longest input that is made, in bytes.</summary>
    public int LongestInput { get; init; } = 600;

    internal byte[][] SeedBytes => field ??= [.. Seeds.Select(Wire.Bytes)];

    internal byte[][] WordBytes => field ??= [.. Words.Select(Wire.Bytes)];

    internal byte[][] NumberBytes { get; } = [.. s_numbers.Select(Wire.Bytes)];

    internal byte[] SeparatorBytes => field ??= Wire.Bytes(Separator);
}
