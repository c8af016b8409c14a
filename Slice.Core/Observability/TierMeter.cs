namespace Slice.Core.Observability;

/// <summary>What is counted of a shared tier. Thread-safe.</summary>
public sealed class TierMeter
{
    private long _bytesRead;
    private long _bytesWritten;
    private long _newsTold;
    private long _newsHeard;
    private long _newsLost;

    /// <summary>
    /// What was looked for, by what came of it: <c>hit</c>, <c>miss</c>, <c>damaged</c> (no envelope of ours, or of something else),
    /// <c>outdated</c> (removed since), <c>timeout</c>, <c>error</c>, <c>skipped</c> (the store was not asked, as it is down), <c>busy</c>
    /// (too many slices are being read).
    /// </summary>
    public LabelledCounter Reads { get; } = new();

    /// <summary>
    /// What was to be written, by what came of it: <c>written</c>, <c>dropped</c> (too much was waiting, the store is down for
    /// more than two seconds, or has no room now), <c>timeout</c>, <c>error</c>.
    /// </summary>
    public LabelledCounter Writes { get; } = new();

    /// <summary>
    /// Turns to ask the origin: <c>taken</c>, <c>followed</c> (another instance brought what was missing), <c>released</c> (another had the
    /// turn, and nothing came of it), <c>waited</c> (another had the turn for longer than one waits).
    /// </summary>
    public LabelledCounter Turns { get; } = new();

    /// <summary>Bytes of values that were found.</summary>
    public long BytesRead => Volatile.Read(ref _bytesRead);

    /// <summary>Bytes of values that were written.</summary>
    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    /// <summary>Changes and removals that this instance has told the others of.</summary>
    public long NewsTold => Volatile.Read(ref _newsTold);

    /// <summary>Changes and removals that this instance has heard of from others.</summary>
    public long NewsHeard => Volatile.Read(ref _newsHeard);

    /// <summary>How often news may have been lost, so that everything stored here is validated before its next use.</summary>
    public long NewsLost => Volatile.Read(ref _newsLost);

    internal void AddBytesRead(int bytes) => Interlocked.Add(ref _bytesRead, bytes);

    internal void AddBytesWritten(int bytes) => Interlocked.Add(ref _bytesWritten, bytes);

    internal void AddNewsTold(int count) => Interlocked.Add(ref _newsTold, count);

    internal void AddNewsHeard(int count) => Interlocked.Add(ref _newsHeard, count);

    internal void AddNewsLost() => Interlocked.Increment(ref _newsLost);
}
