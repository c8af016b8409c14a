namespace Slice.Core.Http;

/// <summary>Writes the chunked framing of a body (RFC 9112 §7.1), in both directions. Pure.</summary>
internal static class ChunkedBody
{
    /// <summary>Bytes before the data of the largest chunk: eight hex digits and a line end.</summary>
    public const int MaxHeadBytes = 10;

    /// <summary>Bytes behind the data of a chunk.</summary>
    public const int TailBytes = 2;

    /// <summary>The end of a body, without trailers.</summary>
    public static ReadOnlyMemory<byte> LastChunk { get; } = "0\r\n\r\n"u8.ToArray();

    /// <summary>
    /// Writes size and line ends around data where the data stands, so that a chunk is one write.
    /// </summary>
    /// <param name="buffer">The data, with <see cref="MaxHeadBytes"/> of room before it and <see cref="TailBytes"/> behind it.</param>
    /// <param name="dataBytes">Length of the data, at least 1.</param>
    /// <returns>The chunk.</returns>
    public static Memory<byte> Frame(Memory<byte> buffer, int dataBytes)
    {
        var bytes = buffer.Span;
        Span<byte> size = stackalloc byte[8];
        dataBytes.TryFormat(size, out int digits, "X", System.Globalization.CultureInfo.InvariantCulture);
        int start = MaxHeadBytes - 2 - digits;
        size[..digits].CopyTo(bytes[start..]);
        "\r\n"u8.CopyTo(bytes[(MaxHeadBytes - 2)..]);
        "\r\n"u8.CopyTo(bytes[(MaxHeadBytes + dataBytes)..]);
        return buffer.Slice(start, digits + 2 + dataBytes + TailBytes);
    }
}
