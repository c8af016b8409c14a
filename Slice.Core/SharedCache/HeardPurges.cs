using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>
/// The purges that other instances have told and that were made here, for the log: the loop that hears the news tells each once it is
/// counted. Thread-safe, but for <see cref="TellAsync"/>, which one caller at a time may call.
/// </summary>
/// <param name="watch">Knows the names of instances.</param>
internal sealed class HeardPurges(FleetWatch watch)
{
    private readonly ConcurrentQueue<Entry> _untold = [];

    /// <summary>Gets each of them; null for nobody. Set once, before use; must not wait.</summary>
    public Action<HeardPurge>? Told { get; set; }

    /// <summary>A purge of one URL was made.</summary>
    /// <param name="by">The instance that has told it.</param>
    /// <param name="key">The cache key.</param>
    /// <param name="isSoft">Whether what is stored stays.</param>
    /// <param name="slices">Slices that are gone or stale; negative where there was no object.</param>
    public void Add(Guid by, ReadOnlySpan<byte> key, bool isSoft, int slices)
    {
        string target = Encoding.Latin1.GetString(KeyFields.ResourceOf(key));
        Add(new Entry(by, new HeardPurge(null, target, isSoft, Math.Max(0, slices), ""), null));
    }

    /// <summary>A purge of many objects is in force.</summary>
    public void Add(Guid by, Purge purge)
    {
        // Tags are told as hashes, and a purge of none is a number in the log without anything to do.
        bool isOfTags = purge.Scope == PurgeScope.Tags;
        if (!isOfTags || purge.Tags.Length > 0)
        {
            string target = isOfTags
                ? string.Create(CultureInfo.InvariantCulture, $"{purge.Tags.Length} tag{(purge.Tags.Length == 1 ? "" : "s")}")
                : Encoding.Latin1.GetString(purge.Prefix);
            Add(new Entry(by, new HeardPurge(purge.Scope, target, purge.IsSoft, 0, ""), purge));
        }
    }

    /// <summary>Tells those that are counted. Of very many the oldest are told with what is counted so far.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask TellAsync(CancellationToken ct)
    {
        bool hasLooked = false;
        for (int left = _untold.Count; left > 0 && _untold.TryDequeue(out var entry); left--)
        {
            if (entry.Purge is { Swept.IsCompleted: false } && left <= PurgesInForce.MaxPurges)
            {
                _untold.Enqueue(entry);
            }
            else
            {
                string? from = watch.NameOf(entry.By);
                if (from is null && !hasLooked)
                {
                    // It may have come since. Once for all that is told now: of an instance that has gone there may be thousands.
                    await watch.SeeAsync(ct);
                    hasLooked = true;
                    from = watch.NameOf(entry.By);
                }

                Told?.Invoke(entry.Heard with { Slices = entry.Purge?.Slices ?? entry.Heard.Slices, From = from ?? entry.By.ToString() });
            }
        }
    }

    private void Add(in Entry entry)
    {
        if (Told is not null)
        {
            _untold.Enqueue(entry);
        }
    }

    private readonly record struct Entry(Guid By, HeardPurge Heard, Purge? Purge);
}
