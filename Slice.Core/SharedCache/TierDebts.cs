using Slice.Core.Caching;
using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>
/// Keeps beside a cache on disk what its instance still has to tell the others, for as long as the shared store is away: whoever is killed
/// meanwhile tells it at the next start. Used by one caller at a time.
/// </summary>
/// <remarks>
/// What is told within the same look never comes to the disk. What was seen less than <see cref="Interval"/> and a look before the kill may
/// be lost, and so is all of an instance without a cache on disk: the others then have what they have until it is no longer fresh.
/// </remarks>
/// <param name="store">The local store.</param>
/// <param name="fleet">Whom it is for: <see cref="TierNames.Fleet"/>.</param>
/// <param name="backlog">What is to be told.</param>
/// <param name="time">The clock.</param>
internal sealed class TierDebts(SliceStore store, TierVersion fleet, TierBacklog backlog, TimeProvider time)
{
    /// <summary>Shortest time between two writes: each writes all of it. Arbitrary.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A disk that does not answer keeps nobody from stopping.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);

    private Task _writing = Task.CompletedTask;
    private long _written;
    private long? _writtenAt;
    private bool _hasTaken;
    private bool _isThere;

    /// <summary>
    /// What the process before left, which is in the backlog now; null when that is nothing, or the directory cannot be read yet. Any
    /// number of times.
    /// </summary>
    public UntoldNews? Take()
    {
        if (_hasTaken || store.Directory is not { } directory)
        {
            return null;
        }

        try
        {
            byte[]? bytes = directory.ReadSmallFile(StoreLayout.UntoldNewsFileName, UntoldNews.MostBytes);
            _hasTaken = true;
            _isThere = bytes is not null;
            if (bytes is not null && UntoldNews.Read(bytes, fleet, Instant.Now(time)) is { } untold)
            {
                backlog.Restore(untold);
                return untold;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Tried again at the next look; until then nothing is written over it.
        }

        return null;
    }

    /// <summary>Notes what is to be told just now. Never waits: it is written soon, or at a later call.</summary>
    public void Note()
    {
        if (_writing.IsCompleted && (_writtenAt is not { } at || time.GetElapsedTime(at) >= Interval))
        {
            _writing = WriteAsync();
        }
    }

    /// <summary>Notes the last.</summary>
    public async ValueTask EndAsync()
    {
        try
        {
            await _writing.WaitAsync(s_longestWait, time);
            await WriteAsync().WaitAsync(s_longestWait, time);
        }
        catch (TimeoutException)
        {
        }
    }

    // Never throws. What cannot be written is tried again.
    private Task WriteAsync()
    {
        long changes = backlog.Changes;
        var untold = backlog.Untold;
        if (!_hasTaken || store.Directory is not { } directory || (untold.IsEmpty && !_isThere))
        {
            return Task.CompletedTask;
        }

        return Task.Run(() =>
        {
            try
            {
                // It may have been removed with everything else there, or the cache has gone on in another directory.
                bool isThere = directory.HasSmallFile(StoreLayout.UntoldNewsFileName);
                if (untold.IsEmpty)
                {
                    directory.RemoveSmallFile(StoreLayout.UntoldNewsFileName);
                }
                else if (!isThere || changes != _written)
                {
                    directory.ReplaceSmallFile(StoreLayout.UntoldNewsFileName, StoreLayout.NextUntoldNewsFileName, untold.Write(fleet));
                    _writtenAt = time.GetTimestamp();
                }

                (_isThere, _written) = (!untold.IsEmpty, changes);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
            }
        });
    }
}
