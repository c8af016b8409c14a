using System.Collections.Concurrent;
using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>Reads the entries of the two logs that <see cref="TierLog"/> writes. Thread-safe.</summary>
/// <param name="values">The store.</param>
/// <param name="names">The keys.</param>
/// <param name="actions">Does what the news say.</param>
/// <param name="time">The clock.</param>
internal sealed class TierLogReader(TierValues values, TierNames names, TierNewsActions actions, TimeProvider time)
{
    private readonly ConcurrentQueue<long> _replaced = [];
    private readonly TierLogEnd _lastNews = new(values, number => new TierLabel(TierValueKind.News, names.NewsAt(number)));
    private readonly TierLogEnd _lastPurge = new(values, number => new TierLabel(TierValueKind.Purge, names.PurgeAt(number)));

    /// <summary>Those numbers, with what tells their entries from others under the same number.</summary>
    public HeardNews Describe(long news, long purges) => new(news, purges, _lastNews.DigestAt(news), _lastPurge.DigestAt(purges));

    /// <summary>Goes on from what an earlier process has heard.</summary>
    public void Recall(HeardNews heard)
    {
        _lastNews.Recall(heard.News, heard.NewsDigest);
        _lastPurge.Recall(heard.Purges, heard.PurgesDigest);
    }

    /// <summary>
    /// Whether the entry that was heard last of one of the logs is another one now. The numbers that were heard are not those of the store
    /// then: it was put back to what it had earlier. This is said once.
    /// </summary>
    public async ValueTask<bool> IsPutBackAsync(CancellationToken ct)
    {
        var news = _lastNews.IsReplacedAsync(ct).AsTask();
        bool isPutBack = await _lastPurge.IsReplacedAsync(ct) | await news;
        if (isPutBack)
        {
            Forget();
        }

        return isPutBack;
    }

    /// <summary>Forgets what was heard.</summary>
    public void Forget()
    {
        _lastNews.Clear();
        _lastPurge.Clear();
    }

    /// <summary>Forgets numbers that nobody has taken: those of one log are not those of the other.</summary>
    public void ForgetReplaced() => _replaced.Clear();

    /// <summary>The next number of an entry that was never written, and that another one stands in for; each is said once.</summary>
    public bool TryTakeReplaced(out long number) => _replaced.TryDequeue(out number);

    /// <summary>Does what an entry says.</summary>
    public async ValueTask<(bool IsKnown, bool IsThere)> ActOnNewsAsync(long number, CancellationToken ct)
    {
        var (isKnown, bytes) = await values.GetAsync(new TierLabel(TierValueKind.News, names.NewsAt(number)), ct);
        try
        {
            if (bytes is not null)
            {
                Array.ForEach(actions.Act(bytes), _replaced.Enqueue);
                _lastNews.Note(number, bytes);
            }

            return (isKnown, bytes is not null);
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise under the same version of the envelope: nobody here knows what it says.
            return (isKnown, false);
        }
    }

    /// <summary>The purge of a number, and which instance has told it; null when there is none.</summary>
    public async ValueTask<(bool IsKnown, Purge? Purge, Guid By)> ReadPurgeAsync(long number, CancellationToken ct)
    {
        var (isKnown, bytes) = await values.GetAsync(new TierLabel(TierValueKind.Purge, names.PurgeAt(number)), ct);
        try
        {
            if (bytes is null)
            {
                return (isKnown, null, default);
            }

            var (by, replaced, purge) = TierNewsRecords.ReadPurge(bytes, Instant.Now(time));
            Array.ForEach(replaced, _replaced.Enqueue);
            _lastPurge.Note(number, bytes);
            return (true, purge, by);
        }
        catch (InvalidDataException)
        {
            return (isKnown, null, default); // As in ActOnNewsAsync.
        }
    }
}
