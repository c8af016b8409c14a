using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// The index of a directory, and the next one while it is being written to take its place; together never longer than they may be. Used by
/// one thread.
/// </summary>
/// <remarks>
/// The index is written anew when it has half of the bytes, and of objects that are live there are three eighths at most
/// (<see cref="MaxLiveBytes"/>). So the next one fits beside it, and an eighth is left for what changes meanwhile. When more than that
/// comes, the older of the two goes: a crash before the next one is done then costs what was cached, and the directory is never too large.
/// </remarks>
/// <param name="directory">Where they lie.</param>
/// <param name="current">The index of an earlier run, to go on with; null when there is none that says what is there.</param>
/// <param name="maxBytes">Most bytes of both; <see cref="long.MaxValue"/> for as many as there are.</param>
internal sealed class IndexFiles(CacheDirectory directory, IndexFile? current, long maxBytes) : IDisposable
{
    // What is written at once while an index is written anew; less where there is room for little. Arbitrary.
    private const int MinFrameBytes = 4 << 10;
    private const int MaxFrameBytes = 1 << 20;

    private readonly int _frameBytes = (int)Math.Clamp(maxBytes / 32, MinFrameBytes, MaxFrameBytes);
    private long _rewrittenBytes = current?.LengthBytes ?? 0;

    /// <summary>The index; null when there is none that says what is there. An older one may still lie in its place.</summary>
    public IndexFile? Current { get; private set; } = current;

    /// <summary>The next one; null when none is being written.</summary>
    public IndexRewrite? Next { get; private set; }

    /// <summary>Whether the index still stands where it was made.</summary>
    public bool IsInPlace => Current is not { IsInPlace: false };

    /// <summary>Most bytes that the records of live objects may have when both files have <paramref name="maxBytes"/>.</summary>
    public static long MaxLiveBytes(long maxBytes) => maxBytes / 8 * 3;

    /// <summary>Whether there is no index, or so much in it that has passed that it is better written anew.</summary>
    /// <param name="minRewriteBytes">How many bytes more than twice what it was it has then; fewer when there is no room for so
    /// many.</param>
    public bool IsRewriteDue(long minRewriteBytes)
    {
        // At least a sixteenth comes before the next time, also when half of the bytes are live for a moment.
        long mostBytes = Math.Max(maxBytes / 2, _rewrittenBytes + (maxBytes / 16));
        return Current is null || Current.LengthBytes > Math.Min(minRewriteBytes + (2 * _rewrittenBytes), mostBytes);
    }

    /// <summary>Goes on with the index of an earlier run, which says what is there; before anything is written.</summary>
    public void GoOnWith(IndexFile file) => (Current, _rewrittenBytes) = (file, file.LengthBytes);

    /// <summary>Writes changes to both.</summary>
    /// <returns>Whether they are in the index.</returns>
    /// <exception cref="IOException">The index cannot be written, and is closed. A failure of the next shows at its next step.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public bool Append(ReadOnlySpan<byte> records)
    {
        long frameBytes = IndexFile.FrameBytes(records.Length);
        MakeRoom(Next is null ? frameBytes : 2 * frameBytes, forNext: Next is null ? 0 : frameBytes);
        Next?.Append(records);
        try
        {
            Current?.Append(records);
            return Current is not null;
        }
        catch
        {
            CloseCurrent();
            throw;
        }
    }

    /// <summary>Begins to write the index anew, or goes on; true when the next is in the place of the index.</summary>
    /// <param name="index">What it is about.</param>
    /// <param name="flushed">Called on any thread when the device has been waited for.</param>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be written any more.</exception>
    public bool Rewrite(ObjectIndex index, Action flushed)
    {
        MakeRoom(_frameBytes, forNext: _frameBytes);
        Next ??= new IndexRewrite(directory.NextIndexPath, index, _frameBytes) { Flushed = flushed };
        if (!Next.Step())
        {
            return false;
        }

        Finish(Next);
        return true;
    }

    /// <summary>Writes the index anew from the beginning, and waits for it.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be written any more.</exception>
    public void RewriteAtOnce(ObjectIndex index)
    {
        Abandon();
        MakeRoom(index.JournalBytes, forNext: 0);
        Next = new IndexRewrite(directory.NextIndexPath, index, _frameBytes);
        Next.Complete();
        Finish(Next);
    }

    /// <summary>Closes the index, which lacks changes from now on.</summary>
    public void CloseCurrent()
    {
        Current?.Dispose();
        Current = null;
    }

    /// <summary>Gives up the next.</summary>
    public void Abandon()
    {
        Next?.Dispose();
        Next = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Abandon();
        CloseCurrent();
    }

    private void MakeRoom(long bytes, long forNext)
    {
        long nextBytes = Next?.LengthBytes ?? 0;
        if (bytes + nextBytes > maxBytes - CurrentBytes())
        {
            Remove();
        }

        if (forNext + nextBytes > maxBytes)
        {
            Abandon();
        }
    }

    private void Remove()
    {
        if (Current is null)
        {
            IndexFile.TryDelete(directory.IndexPath);
        }

        Current?.Discard();
        Current = null;
    }

    // One that was closed because it lacks changes lies there until the next takes its place.
    private long CurrentBytes()
    {
        if (Current is not null || maxBytes == long.MaxValue)
        {
            return Current?.LengthBytes ?? 0;
        }

        var file = new FileInfo(directory.IndexPath);
        return file.Exists ? file.Length : 0;
    }

    private void Finish(IndexRewrite rewrite)
    {
        var next = rewrite.Finish(directory.IndexPath);
        CloseCurrent();
        Current = next;
        Next = null;
        _rewrittenBytes = next.LengthBytes;
    }
}
