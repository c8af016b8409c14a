using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// The live generations of every stored object, by key and selecting fields. Thread-safe; look-ups take no lock and allocate nothing.
/// </summary>
public sealed class ObjectIndex
{
    private readonly VariantsTable _objects = new();
    private readonly SiblingKeys _siblings = new();
    private readonly KeyRemovals _removals;
    private readonly Lock _successions = new();
    private readonly PurgeEnforcement _enforcement;
    private readonly KeyedRemovals _keyed;
    private readonly IndexMemory _memory;

    /// <summary>An empty index.</summary>
    /// <param name="memoryBytes">Most bytes of memory for what is in it, about; what was not used lately goes for what comes.</param>
    public ObjectIndex(long memoryBytes = long.MaxValue)
    {
        _memory = new IndexMemory(memoryBytes, Remove);
        _removals = new KeyRemovals(Purges);
        _enforcement = new PurgeEnforcement(Purges, TryRemove);
        _keyed = new KeyedRemovals(_objects, _siblings, _removals, _enforcement, _successions);
    }

    /// <summary>
    /// Called when a generation is found not to be the object any more: with the generation that takes its place, or null when none does.
    /// Set once, before use; must not wait and must not throw.
    /// </summary>
    public Action<Generation, Generation?>? Changed { get; set; }

    /// <summary>
    /// Called with a generation that this instance has learned of from the origin when no shared tier could be asked before. As above.
    /// </summary>
    public Action<Generation>? LearnedAlone { get; set; }

    /// <summary>Called with each key that <see cref="Invalidate"/> is for. As above.</summary>
    public KeyAction? Invalidated { get; set; }

    /// <summary>The purges of many objects, which every look-up goes by.</summary>
    public PurgesInForce Purges { get; } = new();

    /// <summary>Bytes of memory that what is in it takes, about.</summary>
    public long MemoryBytes => _memory.Bytes;

    /// <summary>Bytes that a journal of nothing but what is in it has.</summary>
    internal long JournalBytes => _memory.JournalBytes;

    /// <summary>Objects stored.</summary>
    public int Count => _objects.Count;

    /// <summary>Whether anything is stored under the key, selected or not.</summary>
    public bool Contains(ReadOnlySpan<byte> key) => _objects.Contains(key);

    /// <summary>Finds the live generation under the key whose bytes are given that the request's fields select.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, FieldTable request, [NotNullWhen(true)] out Generation? generation) =>
        TryGet(key, request, out generation, out _);

    /// <summary>The same, and what selecting took: see <see cref="SelectingValue.TryRead"/>.</summary>
    internal bool TryGet(ReadOnlySpan<byte> key, FieldTable request, [NotNullWhen(true)] out Generation? generation, out int steps)
    {
        generation = null;
        steps = 0;
        if (!_objects.TryGet(key, out var variants) || !variants.TrySelect(request, out generation, out steps))
        {
            return false;
        }

        if (generation.PurgesSeen != Purges.Latest && !TryGetUnpurgedSlow(key, request, out generation, ref steps))
        {
            return false;
        }

        generation.Place.CountUse();
        return true;
    }

    // There was a purge of many objects since the generation was looked at last: the variants are held against what came.
    private bool TryGetUnpurgedSlow(
        ReadOnlySpan<byte> key, FieldTable request, [NotNullWhen(true)] out Generation? generation, ref int steps)
    {
        generation = null;
        long latest = Purges.Latest;
        while (_objects.TryGet(key, out var variants))
        {
            _enforcement.Enforce(variants);
            if (!_objects.TryGet(key, out variants) || !variants.TrySelect(request, out generation, out int more))
            {
                break;
            }

            steps += more;

            // Another was published meanwhile, perhaps by somebody who had asked before the purge.
            if (generation.PurgesSeen >= latest)
            {
                return true;
            }
        }

        generation = null;
        return false;
    }

    /// <summary>How many removals a key has seen. Taken when an object is asked for.</summary>
    public RemovalMark MarkOf(ReadOnlySpan<byte> key) => _removals.MarkOf(key);

    /// <summary>
    /// Whether an answer that was asked for at <paramref name="earlier"/> may be too old for somebody who asks for the key at
    /// <paramref name="now"/>, as something was removed in between.
    /// </summary>
    public bool IsOutdated(ReadOnlySpan<byte> key, RemovalMark earlier, RemovalMark now) => _removals.IsOutdated(key, earlier, now);

    /// <summary>
    /// Publishes a generation unless its key was taken out since <paramref name="asked"/>. Then the generation is retired: good for those
    /// who asked, and for nobody after them.
    /// </summary>
    /// <param name="generation">The generation.</param>
    /// <param name="asked"><see cref="MarkOf"/> its key when it was asked for.</param>
    /// <param name="isNews">Whether this instance learns of the version from the origin, so that <see cref="Changed"/> is called for each
    /// other one that goes for it.</param>
    public void Publish(Generation generation, RemovalMark asked, bool isNews = true)
    {
        generation.NoteAsked(asked);
        if (IsTooLate(generation, asked))
        {
            generation.Retire();
            return;
        }

        generation.PurgesSeen = asked.Purges;
        var replaced = Place(generation);
        EnforceMark(generation, asked);
        foreach (var previous in replaced)
        {
            if (isNews && previous.IsOtherVersion(generation))
            {
                Changed?.Invoke(previous, generation);
            }
        }

        if (isNews && generation is { TierMark: null, IsRetired: false })
        {
            LearnedAlone?.Invoke(generation);
        }
    }

    // Thread A publishes; thread B removes the key. B counts first and takes out second, A publishes first and looks at the count second:
    // one of the two takes the generation out. EndPublishing does the same for purges of many objects.
    private void EnforceMark(Generation generation, RemovalMark asked) =>
        _enforcement.Enforce(generation, _removals.JudgeKey(generation.Key.Bytes, asked));

    // Whether it is not to take the place of what was asked for later. What a soft purge is for is of use, stale, where nothing newer is.
    private bool IsTooLate(Generation generation, RemovalMark asked)
    {
        var verdict = _removals.Judge(generation.Key.Bytes, generation.Response.Tags, asked);
        return verdict == PurgeVerdict.Goes
            || (verdict == PurgeVerdict.Expires
                && _objects.TryGet(generation.Key, out var there)
                && there.Any(other => other.WasAskedAfter(asked)));
    }

    /// <summary>
    /// Replaces the response of a generation by what a validation has brought (RFC 9111 §4.3.4), unless a purge since
    /// <paramref name="asked"/> wants it validated once more.
    /// </summary>
    public void Freshen(Generation generation, StoredResponse response, RemovalMark asked)
    {
        // Thread A validates; thread B purges softly. B puts its purge in force first and makes the response stale second, A takes the new
        // response first and looks for purges second, with a full fence in between: one of the two makes the new response stale. Those who
        // write it down hear of the outcome only.
        generation.TakeResponse(response);
        generation.NoteAsked(asked);
        var verdict = _removals.Judge(generation.Key.Bytes, response.Tags, asked);
        if (verdict == PurgeVerdict.Expires)
        {
            generation.TakeExpired(response.Freshness.ReceivedAt);
        }

        generation.TellResponse();
        if (verdict == PurgeVerdict.Goes)
        {
            // By a tag that only the new response has: nobody else would hold it against that purge.
            Remove(generation);
        }
    }

    /// <summary>Holds a generation that is in the index against the purges that it has not seen.</summary>
    internal void EnforcePurges(Generation generation, bool dropsHere = false) => _enforcement.Enforce(generation, dropsHere);

    /// <summary>
    /// Names of the fields that select among what is stored under a key, as in Vary; null when nothing selects. An answer without Vary
    /// beside variants answers only requests that are like its own in these fields (RFC 9111 §4.1).
    /// </summary>
    public string? SelectingNamesOf(CacheKey key) =>
        _objects.TryGet(key, out var variants) ? variants.SelectingNames : null;

    /// <summary>
    /// Whether something usable is stored under a key, in any variant, that is an answer about the object and not about one request
    /// (<see cref="StoredResponse.IsAboutTheObject"/>).
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="which">Which variants count; null for all.</param>
    public bool HoldsObject(CacheKey key, Predicate<Generation>? which = null) =>
        _keyed.TryGetUnpurged(key.Bytes, out var variants) && variants.HoldObject(which);

    /// <summary>
    /// Makes a generation the live one of its key and selecting fields; those it stands in for are retired. One that is retired already
    /// is not kept.
    /// </summary>
    public void Publish(Generation generation)
    {
        generation.PurgesSeen = Purges.Latest;
        generation.NoteAsked(MarkOf(generation.Key.Bytes));
        Place(generation);
    }

    /// <summary>
    /// Publishes a generation of an earlier run, as far as nothing that has happened in this run speaks against it: no removal of its key,
    /// no purge that it is in the scope of, and no other version. Where this run has the same version, the generation takes its place, as
    /// fresh as that is. False, and it is retired, when something does.
    /// </summary>
    internal bool TryPublishRecovered(Generation recovered)
    {
        // As one that was asked for before this run began. The purges that it has seen so far are those of the earlier run, whose numbers
        // mean nothing here. Its tags now: where it takes the place of the same version, it has the tags of that one from then on.
        var (asked, tags) = (default(RemovalMark), recovered.Response.Tags);
        recovered.PurgesSeen = asked.Purges;
        if (_removals.Judge(recovered.Key.Bytes, tags, asked) == PurgeVerdict.Goes
            || _objects.TryAdd(recovered, static (existing, recovered) => existing.YieldsTo(recovered)) is not { } replaced)
        {
            recovered.TryRetire(dropsHere: true);
            return false;
        }

        EndPublishing(recovered, replaced);

        // Once more, for what was removed just now: see EnforceMark.
        _enforcement.Enforce(recovered, _removals.Judge(recovered.Key.Bytes, tags, asked));
        return !recovered.IsRetired;
    }

    private List<Generation> Place(Generation generation)
    {
        var replaced = _objects.Add(generation);
        EndPublishing(generation, replaced);
        return replaced;
    }

    /// <summary>
    /// Where slices go that are fetched of an object of its second when that is over (<see cref="Generation.IsInDoubtAt"/>): into a
    /// generation of the same validators that takes the object's place, the same one for all who ask. No request is needed for that: each
    /// part that is fetched is compared with the validators, and after the second those mean one version. The readers of
    /// <paramref name="doubtful"/> keep what they have, and go on with the new one, too.
    /// </summary>
    /// <param name="doubtful">The object as it was found in its second.</param>
    /// <param name="comparedBy">What the operator goes by when versions are compared.</param>
    /// <returns>Null when the object has left the index otherwise: its readers go on for themselves.</returns>
    public Generation? AfterItsSecond(Generation doubtful, ValidatorStrength comparedBy)
    {
        if (doubtful.Successor is { } known)
        {
            return known;
        }

        lock (_successions)
        {
            return doubtful.Successor ?? (doubtful.IsRetired ? null : TrySucceed(doubtful, comparedBy));
        }
    }

    // What is purged meanwhile is purged in the new one, too.
    private Generation? TrySucceed(Generation doubtful, ValidatorStrength comparedBy)
    {
        // The purges first: one that comes before the response is read is held against the successor once more.
        var (asked, seen) = (MarkOf(doubtful.Key.Bytes), doubtful.PurgesSeen);
        var successor = doubtful.NewSuccessor(doubtful.Response.AfterItsSecond(comparedBy), seen);
        successor.NoteAskedLike(doubtful);
        if (_objects.TryReplace(doubtful, successor) is not { } replaced)
        {
            successor.Retire();
            return null;
        }

        // Before it is retired: whoever reads it finds its successor from then on.
        doubtful.GoOnIn(successor);
        EndPublishing(successor, replaced);
        EnforceMark(successor, asked);
        return successor;
    }

    // What was put into its place can be found by now.
    private void EndPublishing(Generation generation, List<Generation> replaced)
    {
        foreach (var previous in replaced)
        {
            previous.Replace();
        }

        _siblings.Add(generation.Key);

        // A sweep that began before may have passed the place. What the purge is for is not written down either.
        _enforcement.Enforce(generation);
        generation.Published();
        _memory.Add(generation);

        // Thread A publishes; thread B finds the object changed and removes it. B retires first and looks for it second, A adds first
        // and looks at the flag second: one of the two takes it out.
        if (generation.IsRetired)
        {
            _memory.Remove(generation);
            TakeOut(generation);
        }
    }

    /// <summary>The live generations; those that come or go meanwhile may be among them.</summary>
    internal IEnumerable<Generation> Generations => _objects.Generations;

    /// <summary>
    /// From now on what is in it has at most so many bytes in its journal; what was not used lately goes for what comes. Called before the
    /// store moves into a directory.
    /// </summary>
    internal void BoundJournal(long bytes) => _memory.JournalBudgetBytes = bytes;

    /// <summary>Takes every object out.</summary>
    internal void Clear()
    {
        foreach (var generation in Generations)
        {
            Remove(generation);
        }
    }

    /// <inheritdoc cref="KeyedRemovals.Remove"/>
    public int Remove(ReadOnlySpan<byte> key) => _keyed.Remove(key);

    /// <summary>
    /// The same, and <see cref="Invalidated"/> is called: for what this instance alone has seen, by an unsafe method (RFC 9111 §4.4).
    /// </summary>
    public void Invalidate(ReadOnlySpan<byte> key)
    {
        Remove(key);
        Invalidated?.Invoke(key);
    }

    /// <inheritdoc cref="KeyedRemovals.Expire"/>
    public int Expire(ReadOnlySpan<byte> key, Instant now) => _keyed.Expire(key, now);

    /// <inheritdoc cref="KeyedRemovals.LeaveVersion"/>
    internal void LeaveVersion(ReadOnlySpan<byte> key, Instant now, Predicate<Generation> isOld, Predicate<Generation> isKnown) =>
        _keyed.LeaveVersion(key, now, isOld, isKnown);

    /// <inheritdoc cref="KeyedRemovals.RemoveBefore"/>
    internal bool RemoveBefore(ReadOnlySpan<byte> key, TierMark now) => _keyed.RemoveBefore(key, now);

    /// <summary>Takes out, or makes stale, what is stored under one key.</summary>
    internal KeyedRemovals Keyed => _keyed;

    /// <summary>The live variant of a key that is selected by the same as <paramref name="selecting"/>; null for none.</summary>
    internal Generation? FindVariant(CacheKey key, SelectingFields? selecting) =>
        _keyed.TryGetUnpurged(key.Bytes, out var variants) ? variants.Find(selecting) : null;

    /// <summary>Retires a generation; when it is live, its place is free again.</summary>
    public void Remove(Generation generation) => TryRemove(generation, dropsHere: false);

    /// <summary>
    /// The same for one that is not the object any more, by the word of the origin: <see cref="Changed"/> is called when it was live.
    /// </summary>
    public void RemoveChanged(Generation generation)
    {
        if (TryRemove(generation, dropsHere: false))
        {
            Changed?.Invoke(generation, null);
        }
    }

    private bool TryRemove(Generation generation, bool dropsHere)
    {
        bool wasLive = generation.TryRetire(dropsHere);
        TakeOut(generation);
        return wasLive;
    }

    /// <summary>Retires a generation of which eviction has taken the last slice: for <see cref="SliceStore.TenantEmptied"/>.</summary>
    internal void RemoveEmptied(ISliceTenant tenant) => Remove((Generation)tenant);

    private bool IsGone(CacheKey key) => !_objects.Contains(key.Bytes);

    private void TakeOut(Generation generation)
    {
        _objects.Remove(generation);
        _siblings.Remove(generation.Key, IsGone);
    }
}
