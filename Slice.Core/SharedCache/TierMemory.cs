using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>
/// Remembers beside a cache on disk which news of other instances it has acted on, so that the next start goes on from there. Used by one
/// caller at a time.
/// </summary>
/// <remarks>
/// <para>
/// The numbers on disk are never newer than the removals that they stand for. While the process runs: news are acted on, which the journal
/// is told at once; their numbers are noted; the journal is written out; the file is written. A process that is killed in between leaves
/// older numbers, and acts on some news twice, which does no harm.
/// </para>
/// <para>
/// When the power fails, the device may have the file and not the journal, which is not waited for. So a file of another boot of the
/// machine counts only when it was written at an orderly stop, after the journal was on the device, and the journal says so as well.
/// </para>
/// <para>
/// A store that is not in its directory when the first news are heard has no numbers: everything that was stored is made stale then. That
/// is right also for a store that moves in later (<see cref="Objects.Journal.StoreMoveIn"/>): what is found there counts as asked for
/// before all purges of this process, that one among them, and before all removals that this process has made or heard of.
/// </para>
/// </remarks>
/// <param name="store">The local store.</param>
/// <param name="fleet">What the logs belong to: <see cref="TierNames.Fleet"/>.</param>
/// <param name="time">The clock.</param>
internal sealed class TierMemory(SliceStore store, TierVersion fleet, TimeProvider time)
{
    /// <summary>Shortest time between two writes. Arbitrary: each makes the journal be written, too.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A disk that does not answer keeps nobody from stopping.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);

    private Task _writing = Task.CompletedTask;
    private HeardNews? _written;
    private HeardNews? _last;
    private long _writtenAt;

    /// <summary>The boot of this machine; zeros where the kernel does not tell. Set by tests.</summary>
    internal Guid Boot { get; init; } = ReadBoot();

    /// <summary>
    /// What the cache in the directory has acted on; null when nobody knows, as it is in memory or its file is missing, damaged, or of
    /// another fleet.
    /// </summary>
    public HeardNews? Recall()
    {
        try
        {
            return store.Directory?.ReadSmallFile(StoreLayout.SharedCacheFileName, HeardNewsFile.SizeBytes) is { } bytes
                && HeardNewsFile.Read(bytes) is { } file
                && file.Fleet == fleet
                && IsTrusted(file) ? file.Heard : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // As without it.
            return null;
        }
    }

    /// <summary>Notes what was acted on just now. Never waits: it is written soon.</summary>
    public void Note(HeardNews heard)
    {
        _last = heard;
        if (heard == _written || !_writing.IsCompleted || (_written is not null && time.GetElapsedTime(_writtenAt) < Interval))
        {
            return;
        }

        _writing = WriteAsync(heard);
    }

    /// <summary>Notes the last, which is written when the store has ended in order.</summary>
    /// <param name="heard">What was acted on; null when nothing was heard at all, and what is there stays right.</param>
    public async ValueTask EndAsync(HeardNews? heard)
    {
        _last = heard ?? _last;
        store.JournalEnded = WriteLast;
        try
        {
            await _writing.WaitAsync(s_longestWait, time);
        }
        catch (TimeoutException)
        {
        }
    }

    private static Guid ReadBoot()
    {
        try
        {
            return Guid.TryParse(File.ReadAllText("/proc/sys/kernel/random/boot_id"), out var boot) ? boot : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private bool IsTrusted(HeardNewsFile file) =>
        (file.Boot == Boot && Boot != default) || (file.IsClosed && store.WasClosed);

    // Never throws. The directory first: the journal that is written out belongs to it.
    private async Task WriteAsync(HeardNews heard)
    {
        if (store.Directory is { } directory && await store.FlushAsync() && TryWrite(directory, heard, isClosed: false))
        {
            (_written, _writtenAt) = (heard, time.GetTimestamp());
        }
    }

    private void WriteLast()
    {
        if (store.Directory is { } directory && _last is { } last)
        {
            TryWrite(directory, last, isClosed: true);
        }
    }

    // One that cannot be written leaves an older one, which is right as well.
    private bool TryWrite(CacheDirectory directory, HeardNews heard, bool isClosed)
    {
        try
        {
            byte[] bytes = new HeardNewsFile(fleet, Boot, isClosed, heard).Write();
            directory.ReplaceSmallFile(StoreLayout.SharedCacheFileName, StoreLayout.NextSharedCacheFileName, bytes);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
