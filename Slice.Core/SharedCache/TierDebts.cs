using Slice.Core.Caching;
using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>
/// Keeps beside a cache on disk what its instance still has to tell the others, for as long as the shared store is away: whoever is killed
/// meanwhile tells it at the next start. Used by one caller at a time.
/// </summary>
/// <remarks>
/// What is told within the same look never comes to the disk. What was seen less than a look before the kill is lost, and so is all of an
/// instance without a cache on disk: the others then have what they have until it is no longer fresh.
/// </remarks>
/// <param name="store">The local store.</param>
/// <param name="fleet">Whom it is for: <see cref="TierNames.Fleet"/>.</param>
/// <param name="backlog">What is to be told.</param>
/// <param name="time">The clock.</param>
internal sealed class TierDebts(SliceStore store, TierVersion fleet, TierBacklog backlog, TimeProvider time)
{
    // A disk that does not answer keeps nobody from stopping.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);

    private Task _writing = Task.CompletedTask;
    private long _written;
    private bool _hasLooked;
    private bool _isThere;

    /// <summary>Puts into the backlog what the process before left, once the directory can be read. Any number of times.</summary>
    public void Take()
    {
        if (_hasLooked || store.Directory is not { } directory)
        {
            return;
        }

        try
        {
            _hasLooked = true;
            if (directory.ReadSmallFile(StoreLayout.UntoldNewsFileName, UntoldNews.MostBytes) is { } bytes)
            {
                _isThere = true;
                if (UntoldNews.Read(bytes, fleet, Instant.Now(time)) is { } untold)
                {
                    backlog.Restore(untold);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A disk that cannot be read keeps nothing either.
        }
    }

    /// <summary>Notes what is to be told just now. Never waits: it is written soon, or at the next call.</summary>
    public void Note()
    {
        if (_hasLooked && _writing.IsCompleted && backlog.Changes != _written)
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
            Note();
            await _writing.WaitAsync(s_longestWait, time);
        }
        catch (TimeoutException)
        {
        }
    }

    // Never throws. One that cannot be written is tried again at the next look.
    private Task WriteAsync()
    {
        long changes = backlog.Changes;
        var untold = backlog.Untold;
        if (store.Directory is not { } directory || (untold.IsEmpty && !_isThere))
        {
            _written = changes;
            return Task.CompletedTask;
        }

        return Task.Run(() =>
        {
            try
            {
                if (untold.IsEmpty)
                {
                    directory.RemoveSmallFile(StoreLayout.UntoldNewsFileName);
                }
                else
                {
                    directory.ReplaceSmallFile(StoreLayout.UntoldNewsFileName, StoreLayout.NextUntoldNewsFileName, untold.Write(fleet));
                }

                (_isThere, _written) = (!untold.IsEmpty, changes);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
            }
        });
    }
}
