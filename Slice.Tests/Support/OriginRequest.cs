using System.Globalization;

namespace Slice.Tests.Support;

/// <summary>
/// One request as it reached a <see cref="ScriptedOrigin"/>: its exact bytes, and just enough parsing for a script to decide on.
/// </summary>
public sealed class OriginRequest
{
    private readonly string[] _lines;

    internal OriginRequest(int number, int connectionNumber, byte[] headBytes)
    {
        Number = number;
        ConnectionNumber = connectionNumber;
        HeadBytes = headBytes;
        HeadText = Wire.Text(headBytes);
        _lines = HeadText.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] parts = _lines[0].Split(' ');
        Method = parts[0];
        Target = parts.Length > 1 ? parts[1] : "";
    }

    /// <summary>1 for the first request the origin received, over all connections.</summary>
    public int Number { get; }

    /// <summary>1 for the first connection the origin accepted.</summary>
    public int ConnectionNumber { get; }

    /// <summary>The head, byte by byte, with the empty line that ends it.</summary>
    public ReadOnlyMemory<byte> HeadBytes { get; }

    /// <summary>The same, one character per byte.</summary>
    public string HeadText { get; }

    /// <summary>The method as sent.</summary>
    public string Method { get; }

    /// <summary>The request-target as sent.</summary>
    public string Target { get; }

    /// <summary>The content, after the chunked coding is removed; empty until it has been read.</summary>
    public ReadOnlyMemory<byte> Body { get; internal set; }

    /// <summary>
    /// The positions a single <c>bytes</c> range asks for, inclusive as on the wire; null without a valid one. A missing last position is
    /// <see cref="long.MaxValue"/>; a suffix of n bytes has First −n.
    /// </summary>
    public (long First, long Last)? Range => Field("Range") is { } value ? ParseRange(value) : null;

    /// <summary>The value of the first field line named so, whatever its case; null when there is none.</summary>
    public string? Field(string name) => Fields(name) is [var first, ..] ? first : null;

    /// <summary>The values of all field lines named so, in order.</summary>
    public IReadOnlyList<string> Fields(string name) => Wire.FieldValues(_lines, name);

    /// <inheritdoc/>
    public override string ToString() => HeadText;

    private static (long First, long Last)? ParseRange(string value)
    {
        const string Unit = "bytes=";
        string[] ends = value.StartsWith(Unit, StringComparison.OrdinalIgnoreCase) ? value[Unit.Length..].Split('-') : [];
        if (ends.Length != 2)
        {
            return null;
        }

        long? first = Position(ends[0]);
        long? last = Position(ends[1]);
        return (first, last) switch
        {
            (null, { } suffix) when ends[0].Length == 0 => (-suffix, long.MaxValue),
            ({ } start, null) when ends[1].Length == 0 => (start, long.MaxValue),
            ({ } start, { } end) when start <= end => (start, end),
            _ => null,
        };
    }

    private static long? Position(string digits)
        => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long position) ? position : null;
}
