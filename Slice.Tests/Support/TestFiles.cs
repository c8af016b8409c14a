namespace Slice.Tests.Support;

/// <summary>Regular files of <see cref="TestContent"/>.</summary>
public static class TestFiles
{
    private const int BlockBytes = 1 << 20;

    /// <summary>
    /// Writes <paramref name="lengthBytes"/> bytes of version <paramref name="seed"/> to <paramref name="path"/>, replacing a file that is
    /// there; limited by the disk only.
    /// </summary>
    public static void WriteContent(string path, long lengthBytes, int seed)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read, FileOptions.None, lengthBytes);
        var block = new byte[BlockBytes];
        for (long position = 0; position < lengthBytes; position += BlockBytes)
        {
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(BlockBytes, lengthBytes - position));
            TestContent.Fill(position, bytes, seed);
            RandomAccess.Write(file, bytes, position);
        }

        // Of the second in which it is asked for, a version is no proof (B25). Each version has a date of its own.
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours((seed % 100) - 200));
    }
}
