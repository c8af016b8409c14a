using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>
/// The tier that several instances share, over a store of any kind: objects and slices under names, in envelopes, with turns to ask the
/// origin. What the instances tell each other is <see cref="TierFleet"/>'s. Thread-safe.
/// </summary>
public sealed class SharedTier : ISharedTier, IAsyncDisposable
{
    // A quarter of what may wait to be written: the rest comes slice by slice from whoever is asked for it. Arbitrary.
    private const int MostStoredOffered = 64;
    private const int MostStoredLooked = 4096;

    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _time;
    private readonly TierReader _reader;
    private readonly TierFinder _finder;
    private readonly TierComposer _composer;
    private readonly TierTurns _turns;
    private readonly TierCollapser _collapser;
    private readonly TierWriter _writer;
    private readonly TierCompany? _company;

    /// <summary>A tier over a store, which it disposes. It is asked once <see cref="Fleet"/> has heard the news.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">What the operator says of it.</param>
    /// <param name="realm">What instances must have in common: the origin, and what makes cache keys.</param>
    /// <param name="name">Machine and port of this instance.</param>
    /// <param name="index">What is stored here.</param>
    /// <param name="stale">How long what is no longer fresh is of use, where it does not say.</param>
    /// <param name="time">The clock.</param>
    /// <param name="local">
    /// The store of what is stored here, which remembers on disk what was heard and what is still to be told; null for nobody.
    /// </param>
    public SharedTier(
        IKeyValueStore store, SharedCacheOptions options, string realm, string name, ObjectIndex index, StaleDefaults stale,
        TimeProvider time, SliceStore? local = null)
    {
        _time = time;
        var envelope = new TierEnvelope(options.MacKey, options.BeginningBytes);
        Access = new TierAccess(store, options.Timeout, time);
        Names = new TierNames(options.Prefix, realm);
        Fleet = new TierFleet(Access, envelope, Names, index, name, options.Coherence, time, Meter, local, _stopping.Token)
        {
            SuccessorTold = generation => Offer(generation, null),
        };
        _reader = new TierReader(Access, envelope, Meter, time);
        _finder = new TierFinder(_reader, new TierCounters(Access, Names, time), Names, Fleet, index, time, Meter);
        var claims = new TierClaims(new TierValues(Access, envelope, Meter), Names);
        _composer = new TierComposer(envelope, Names, Fleet.Purges, _reader, claims, stale, time, _stopping.Token)
        {
            Contradicted = generation => Doubt(index, generation),
        };
        _turns = new TierTurns(Access, time, _stopping.Token);
        _collapser = new TierCollapser(_turns, time, Meter, options.Collapses);
        _company = options.Collapses ? null : new TierCompany(time, Meter);
        _writer = new TierWriter(Access, Meter, time, _stopping.Token);
    }

    /// <summary>The figures.</summary>
    public TierMeter Meter { get; } = new();

    /// <summary>What the instances tell each other.</summary>
    public TierFleet Fleet { get; }

    /// <summary>
    /// Called when the store, while it is up, begins to refuse what it is given, with the reason, and with null when it takes everything
    /// again. Set once, before the start; must not wait.
    /// </summary>
    public Action<string?>? WritesChanged
    {
        get => _writer.Refusals.Changed;
        set => _writer.Refusals.Changed = value;
    }

    /// <summary>The same of what it has, and does not give.</summary>
    public Action<string?>? ReadsChanged
    {
        get => _reader.Refusals.Changed;
        set => _reader.Refusals.Changed = value;
    }

    /// <inheritdoc cref="IKeyValueStore.ServerChanged"/>
    public Action<string, string?>? ServerChanged
    {
        get => Access.Store.ServerChanged;
        set => Access.Store.ServerChanged = value;
    }

    /// <inheritdoc cref="IKeyValueStore.ServersDown"/>
    public int ServersDown => Access.Store.ServersDown;

    /// <summary>Whether the store is asked.</summary>
    public TierState State => Access.State;

    /// <inheritdoc/>
    public bool IsUp => State == TierState.Up;

    /// <summary>What the store is and where, for people.</summary>
    public string StoreName => Access.Store.Name;

    /// <summary>The way to the store.</summary>
    internal TierAccess Access { get; }

    /// <summary>The keys.</summary>
    internal TierNames Names { get; }

    /// <inheritdoc/>
    public async ValueTask<TierObjects?> FindAsync(CacheKey key, CancellationToken ct)
    {
        if (Access.State != TierState.Up)
        {
            Meter.Reads.Add("skipped");
            return null;
        }

        var first = await _finder.LookAsync(key, isFirst: true, ct);
        if (first is not { Variants.Count: 0 } latest)
        {
            return first;
        }

        var (found, turn) = await _collapser.FollowOrTakeTurnAsync(
            Names.ObjectOf(key.Bytes),
            async token =>
            {
                latest = await _finder.LookAsync(key, isFirst: false, token) ?? latest;
                return latest.Variants.Count > 0 ? latest : null;
            },
            ct);
        return found ?? latest with { Turn = turn };
    }

    /// <inheritdoc/>
    public async ValueTask<TierSlice> ReadAsync(Generation generation, int sliceIndex, bool isNext, CancellationToken ct)
    {
        if (Access.State != TierState.Up)
        {
            Meter.Reads.Add("skipped");
            return default;
        }

        if (!generation.Response.MayCombine || IsNamedBeforePurge(generation))
        {
            return default;
        }

        var label = _composer.LabelOf(generation, sliceIndex);
        int lengthBytes = LengthOf(generation, sliceIndex);
        var read = isNext ? await _reader.ReadBeginningAsync(label, lengthBytes, ct) : await _reader.ReadAsync(label, lengthBytes, ct);
        if (read.IsFound)
        {
            _company?.Found(generation, sliceIndex, read.Resided);
        }

        if (read.IsFound && read.Payload.Length < lengthBytes)
        {
            return new TierSlice(read.Payload, read.Value, null) { Rest = ReadRestAsync(label, lengthBytes, read.Payload, ct) };
        }

        Meter.Reads.Add(read.Word);
        return new TierSlice(read.Payload, read.Value, null) { IsMissing = !read.IsFound && read.Outcome == TierOutcome.Done };
    }

    private async Task<TierSlice> ReadRestAsync(TierLabel label, int lengthBytes, ReadOnlyMemory<byte> beginning, CancellationToken ct)
    {
        var rest = await _reader.ReadRestAsync(label, lengthBytes, beginning, ct);
        Meter.Reads.Add(rest.Word);
        return new TierSlice(rest.Payload, rest.Value, null) { IsMissing = !rest.IsFound && rest.Outcome == TierOutcome.Done };
    }

    /// <inheritdoc/>
    public async ValueTask<TierSlice> FollowAsync(Generation generation, int sliceIndex, CancellationToken ct)
    {
        if (IsNamedBeforePurge(generation))
        {
            return default;
        }

        var label = _composer.LabelOf(generation, sliceIndex);
        Func<CancellationToken, ValueTask<TierRead?>> look = async token =>
        {
            var again = await ReadSliceAsync(label, generation, sliceIndex, token);
            return again.IsFound ? again : null;
        };
        var (found, turn) = _company is null
            ? await _collapser.FollowOrTakeTurnAsync(label.Name, look, ct)
            : (await _company.LookForAsync(generation, sliceIndex, look, ct), null);
        return new TierSlice(found?.Payload ?? default, found?.Value, turn);
    }

    // It was asked for after a hard purge of many objects, and before that had its number in the store: its slices would have the names
    // of those of before.
    private bool IsNamedBeforePurge(Generation generation)
    {
        var key = generation.Key.Bytes;
        var tags = generation.Response.Tags;
        return Fleet.Hides(key, tags) || Fleet.Purges.HasRemovalAfter(key, tags, generation.TierMark?.Purges ?? 0);
    }

    private ValueTask<TierRead> ReadSliceAsync(TierLabel label, Generation generation, int sliceIndex, CancellationToken ct) =>
        _reader.ReadAsync(label, LengthOf(generation, sliceIndex), ct);

    private static int LengthOf(Generation generation, int sliceIndex) =>
        (int)generation.Grid.RangeOf(sliceIndex, generation.CompleteLength).Length;

    /// <inheritdoc/>
    public void Offer(Generation generation, TierTurn? turn)
    {
        var grid = generation.Grid;
        bool fitsHead = TierComposer.FitsHead(generation);
        bool isHeadAlone = generation.Response.MayCombine && !fitsHead && generation is not { IsWhole: true, IsComplete: false };
        if (!isHeadAlone && !(fitsHead && generation.IsComplete))
        {
            // Its body goes with its head, and is on the way; or it is one body that nobody can use before it is all there.
            turn?.End(isFilled: false);
            return;
        }

        _writer.Add([() => _composer.ComposeHeadAsync(generation)], turn);
        if (generation is { IsWhole: true } && !fitsHead)
        {
            for (int index = 0; index < grid.CountFor(generation.CompleteLength); index++)
            {
                Offer(generation, index, isWithHead: false, null);
            }
        }
    }

    /// <inheritdoc/>
    public void Offer(Generation generation, int sliceIndex, bool isWithHead, TierTurn? turn)
    {
        if (TierComposer.FitsHead(generation))
        {
            Offer(generation, turn);
        }
        else if (generation.Response.MayCombine && !IsNamedBeforePurge(generation))
        {
            Func<ValueTask<TierValue?>> slice = () => ValueTask.FromResult(_composer.ComposeSlice(generation, sliceIndex));
            _writer.Add(isWithHead ? [slice, () => _composer.ComposeHeadAsync(generation)] : [slice], turn);
        }
        else
        {
            if (isWithHead && generation is { Response.MayCombine: true, IsShared: true })
            {
                // Of before a purge that has its number in a moment: nobody would find its head, nor notice that there is a newer version
                // elsewhere. A validation behind its next use gives it numbers that others have.
                (generation.TierMark, generation.IsMarkWanted) = (null, true);
            }

            turn?.End(isFilled: false);
        }
    }

    /// <inheritdoc/>
    public void OfferStored(Generation generation)
    {
        if (TierComposer.FitsHead(generation) || generation.IsWhole)
        {
            // Its body goes with its head.
            return;
        }

        int count = Math.Min(generation.Grid.CountFor(generation.CompleteLength), MostStoredLooked);
        for (int index = 0, offered = 0; index < count && offered < MostStoredOffered; index++)
        {
            if (generation.CountStored(index, 1) > 0)
            {
                Offer(generation, index, isWithHead: false, null);
                offered++;
            }
        }
    }

    /// <inheritdoc/>
    public void Changed(Generation old, Generation? successor)
    {
        if (old.IsShared && !IsFetchedAnewByEach(old, successor))
        {
            if (successor is not null)
            {
                successor.IsUntold = true;
            }

            Fleet.Tell(new TierEvent(TierEventKind.Changed, old.Key.Bytes.ToArray(), TierNames.ContentOf(old.Response))
            {
                Successor = successor,
                Now = TierNames.SureContentOf(successor),
            });
        }
    }

    /// <inheritdoc/>
    public void LearnedAlone(Generation generation)
    {
        if (generation.IsShared)
        {
            generation.IsUntold = true;
            Fleet.Tell(new TierEvent(TierEventKind.Changed, generation.Key.Bytes.ToArray(), default)
            {
                Successor = generation,
                Now = TierNames.SureContentOf(generation),
            });
        }
    }

    /// <inheritdoc/>
    public void Removed(ReadOnlySpan<byte> key) => Fleet.Tell(new TierEvent(TierEventKind.Removed, key.ToArray(), default));

    /// <summary>Begins to hear the news. The tier is used once all of it is heard.</summary>
    public void Start() => Fleet.Start();

    /// <summary>Ends everything, and the store.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Fleet.DisposeAsync();
        await _writer.DisposeAsync();
        _turns.Dispose();
        _reader.Dispose();
        await Access.Store.DisposeAsync();
        _stopping.Dispose();
    }

    // All validate what they have, this instance too, and agree on what the origin says then.
    private void Doubt(ObjectIndex index, Generation generation)
    {
        index.Expire(generation.Key.Bytes, Instant.Now(_time));
        Fleet.Tell(new TierEvent(TierEventKind.Expired, generation.Key.Bytes.ToArray(), default));
    }

    // Without a validator any answer may be another version, and is told as one where the others find it in the tier. Where it is too long
    // for that, each instance fetches its own, and would end those of the others by it, as they would end this one.
    private static bool IsFetchedAnewByEach(Generation old, Generation? successor) =>
        successor is { Response.MayCombine: false }
        && !old.Response.MayCombine
        && old.Response.Status == successor.Response.Status
        && !TierComposer.FitsHead(successor);
}
