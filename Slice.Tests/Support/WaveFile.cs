using System.Buffers.Binary;

namespace Slice.Tests.Support;

/// <summary>
/// A WAV file of 16-bit stereo PCM at 44.1 kHz, its samples <see cref="TestContent"/>. Every browser plays it without a codec, and a moment
/// of it is at a position that can be computed.
/// </summary>
public static class WaveFile
{
    /// <summary>Bytes before the first sample: RIFF, fmt and data chunk heads.</summary>
    public const int HeaderBytes = 44;

    /// <summary>Bytes of one second.</summary>
    public const int BytesPerSecond = 44_100 * FrameBytes;

    private const int FrameBytes = 4;

    /// <summary>
    /// Writes <paramref name="seconds"/> seconds to <paramref name="path"/>; returns the length of the file in bytes, below 2 GiB.
    /// </summary>
    public static long Write(string path, int seconds, int seed)
    {
        int dataBytes = checked(seconds * BytesPerSecond);
        TestFiles.WriteContent(path, HeaderBytes + dataBytes, seed);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, Header(dataBytes), 0);
        return HeaderBytes + dataBytes;
    }

    private static byte[] Header(int dataBytes)
    {
        var header = new byte[HeaderBytes];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), HeaderBytes - 8 + dataBytes);
        "WAVEfmt "u8.CopyTo(header.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(22), 2);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), BytesPerSecond / FrameBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(28), BytesPerSecond);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(32), FrameBytes);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(34), 16);
        "data"u8.CopyTo(header.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(40), dataBytes);
        return header;
    }
}
