using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>
/// The instances that share a tier: what one of them changes or removes, the others hear of within <c>shared_cache.coherence</c>. A loop in
/// the background hears the news, tells this instance's own, and finds out whether the store is there. Thread-safe.
/// </summary>
public sealed class TierFleet : IAsyncDisposable
{
    // One question of a look has met its deadline, and others were answered: the store is asked once more before it counts as down, by when
    // coherence must not be over. Arbitrary.
    private static readonly TimeSpan s_pauseAfterMiss = TimeSpan.FromMilliseconds(50);

    // At a stop, for a store that does not answer. Arbitrary.
    private static readonly TimeSpan s_longestLeave = TimeSpan.FromSeconds(1);

    private readonly TierAccess _access;
    private readonly TierMembers _members;
    private readonly FleetWatch _watch;
    private readonly HeardPurges _heard;
    private readonly TierNews _news;
    private readonly TierWitnesses _witnesses;
    private readonly TierNewsActions _actions;
    private readonly TierMemory? _memory;
    private readonly TierDebts? _debts;
    private readonly TimeProvider _time;
    private readonly TierMeter _meter;
    private readonly TimeSpan _coherence;
    private readonly CancellationToken _stopping;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly TierBacklog _backlog = new();
    private readonly TierTelling _telling;
    private Task _loop = Task.CompletedTask;
    private string? _reason;
    private long _heardAt;
    private bool _isNoted;
    private bool _wasRefused;

    internal TierFleet(
        TierAccess access, TierEnvelope envelope, TierNames names, ObjectIndex index, string name, TimeSpan coherence, TimeProvider time,
        TierMeter meter, SliceStore? local, CancellationToken stopping)
    {
        _memory = local is null ? null : new TierMemory(local, names.Fleet, time);
        _debts = local is null ? null : new TierDebts(local, names.Fleet, _backlog, time);
        (_access, _coherence, _time, _meter, _stopping) = (access, coherence, time, meter, stopping);
        var values = new TierValues(access, envelope, meter);
        _members = new TierMembers(values, names, name, time);
        _watch = new FleetWatch(_members, coherence, time) { Seen = seen => _news!.Note(seen) };
        _heard = new HeardPurges(_watch);
        _witnesses = new TierWitnesses(values, names, time, coherence / 2);
        _news = new TierNews(access, values, names, index, time, meter, _members.Id, coherence)
        {
            HeardPurges = _heard,
            Memory = _memory,
            Losing = access.Store.LosesSome ? _witnesses.LookAsync : null,
            Lost = reason =>
            {
                _witnesses.Accept();
                NewsLost?.Invoke(reason);
            },
        };
        _telling = new TierTelling(access, _news, _backlog, time)
        {
            IsThere = new TierRecognition(access, values, names, _news.Purges, time).IsThereAsync,
        };
        _actions = new TierNewsActions(index, time, meter, _members.Id);
        access.Closed = Wake;
    }

    /// <summary>Called with why when the store goes down, and with null when it is up. Set once, before the start; must not wait.</summary>
    public Action<string?>? StateChanged { get; set; }

    /// <summary>Called when news were lost, so that everything stored here is validated, with the reason. The same holds.</summary>
    public Action<string>? NewsLost { get; set; }

    /// <summary>Called with each purge that another instance has told, once what it has done here is counted. The same holds.</summary>
    public Action<HeardPurge>? PurgeHeard
    {
        get => _heard.Told;
        set => _heard.Told = value;
    }

    /// <summary>Why the store is down; null while it is up.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    /// <summary>What tells this instance from the others in <see cref="Members"/>.</summary>
    public Guid Id => _members.Id;

    /// <summary>The instances that were seen last.</summary>
    public IReadOnlyList<FleetMember> Members => _watch.LastSeen;

    /// <summary>The purges of many objects of all instances.</summary>
    internal TierPurges Purges => _news.Purges;

    /// <summary>Called with the head of an object when the others have heard that it has the place of another version.</summary>
    internal Action<Generation>? SuccessorTold
    {
        get => _telling.SuccessorTold;
        init => _telling.SuccessorTold = value;
    }

    /// <summary>
    /// What a purge covers is not found in the store from now on, until the result is disposed: before the purge is in force here, until it
    /// is told or waits.
    /// </summary>
    public IDisposable Hide(Purge purge) => _backlog.Hide(purge);

    /// <inheritdoc cref="TierBacklog.Hides"/>
    internal bool Hides(ReadOnlySpan<byte> key, CacheTags? tags) => _backlog.Hides(key, tags);

    /// <summary>Begins to hear and to tell.</summary>
    public void Start()
    {
        _access.Store.Told = Wake;
        _loop = RunAsync();
    }

    /// <summary>Tells the others of something soon. Never waits; what cannot be told is told when the store is there again.</summary>
    internal void Tell(TierEvent told)
    {
        _backlog.Add(told);
        Wake();
    }

    /// <summary>
    /// Tells the others that a key was purged here, and waits until all of them have acted on that. Where the store does not take it they
    /// hear of it when it does.
    /// </summary>
    /// <param name="key">The cache key.</param>
    /// <param name="isSoft">Whether what is stored stays, and is validated.</param>
    /// <param name="ct">Ends the wait.</param>
    public async ValueTask<FleetReach> PurgeAsync(byte[] key, bool isSoft, CancellationToken ct)
    {
        await SeeOthersAsync(ct);
        var told = new TierEvent(isSoft ? TierEventKind.PurgedSoftly : TierEventKind.Purged, key, default);
        var (number, uncounted) = await _telling.TellNowAsync([told], ct, isWaitedFor: true);
        if (number is null || uncounted.Count > 0)
        {
            var untold = Untold();
            Tell(told with { IsSaid = number is not null });
            return untold;
        }

        return await AwaitOthersAsync(member => member.News >= number.Value, ct);
    }

    /// <summary>The same for a purge of many objects, which is in force here.</summary>
    /// <param name="purge">The purge.</param>
    /// <param name="hidden">
    /// What <see cref="Hide"/> has given, disposed as soon as the purge has its number, or waits for one: what is fetched while the others
    /// take their time goes to the store.
    /// </param>
    /// <param name="ct">Ends the wait.</param>
    public async ValueTask<FleetReach> PurgeAsync(Purge purge, IDisposable hidden, CancellationToken ct)
    {
        long number;
        using (hidden)
        {
            await SeeOthersAsync(ct);
            if (await _telling.TellNowAsync(purge, ct, isWaitedFor: true) is not { } told)
            {
                var untold = Untold();
                _backlog.Add(purge);
                Wake();
                return untold;
            }

            number = told;
        }

        return await AwaitOthersAsync(member => member.Purges >= number, ct);
    }

    /// <summary>
    /// Waits for the end of the loop, and takes this instance out of the fleet, so that nobody waits for it. The token that was given at
    /// the start must have been cancelled.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        // In this order: the loop would take the place again.
        await _loop;
        await LeaveAsync();
        if (_memory is not null)
        {
            await _memory.EndAsync(_news.Heard);
        }

        if (_debts is not null)
        {
            await _debts.EndAsync();
        }

        _wake.Dispose();
        _telling.Dispose();
    }

    // What was seen in the last moment is told. Whatever is left is on the disk then, and its place ends by itself.
    private async ValueTask LeaveAsync()
    {
        using var limit = new CancellationTokenSource(s_longestLeave, _time);
        try
        {
            for (bool isMore = true; isMore && _access.State == TierState.Up && await _telling.TellWaitingAsync(limit.Token);)
            {
                isMore = _backlog.HasLearned;
                await _telling.CompareAsync(limit.Token);
            }

            await _news.Log.Late.WaitAsync(limit.Token);
            await _members.LeaveAsync(limit.Token);
        }
        catch (Exception)
        {
            // Whatever a store throws: the process is ending, and the rest of it has to end, too.
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // The loop is to wake up already.
        }
        catch (ObjectDisposedException)
        {
            // The process is stopping.
        }
    }

    // Never throws. Half of what is promised: a look takes a moment itself.
    private async Task RunAsync()
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                if (_debts?.Take() is { } untold)
                {
                    await ActAsync(untold);
                }

                bool hasHeard = await LookAsync();
                _debts?.Note();
                await _wake.WaitAsync(hasHeard ? _coherence / 2 : s_pauseAfterMiss, _stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
    }

    // The process before has acted on all of that; its journal may not have.
    private async ValueTask ActAsync(UntoldNews untold)
    {
        foreach (var told in untold.Events)
        {
            _actions.Act(told);
        }

        foreach (var purge in untold.HasDropped ? [.. untold.Purges, _telling.AllInstead(untold.HasDroppedRemoval)] : untold.Purges)
        {
            await _actions.PurgeAsync(purge, _stopping);
        }
    }

    // Whatever is wrong, in here or in a store: a loop that has ended would leave this instance deaf, with the store in use. False for a
    // look that is to be made again soon.
    private async ValueTask<bool> LookAsync()
    {
        try
        {
            await _heard.TellAsync(_stopping);
            if (await HearAsync())
            {
                _heardAt = _time.GetTimestamp();

                // What was removed here while the store was away is there still, and would come back.
                if (_access.State != TierState.Up && !await _telling.TellWaitingAsync(_stopping))
                {
                    _access.Close();
                    Note(_access.LastError ?? "it takes no news");
                    return true;
                }

                _access.Open();
                Note(_access.State == TierState.Up ? null : _access.LastError ?? "it comes and goes");
                if (_news.Heard is { } heard)
                {
                    _memory?.Note(heard);
                }

                await _members.TellAsync(_news.NewsHeard, _news.PurgesHeard, _stopping);
                _telling.OfferTold();
                bool takesNews = await _telling.TellWaitingAsync(_stopping);
                await _telling.CompareAsync(_stopping);
                if (!(takesNews && await _telling.TellWaitingAsync(_stopping)) && _wasRefused)
                {
                    // Nor is it used when it only gives back what was removed.
                    _access.Close();
                }

                _wasRefused = !takesNews;
                if (_backlog.HasLearned)
                {
                    Wake();
                }

                await _watch.LookAsync(_stopping);
            }
            else if (_access.State == TierState.Up && _time.GetElapsedTime(_heardAt) < _coherence)
            {
                // It answers others: one of the questions took too long.
                return false;
            }
            else
            {
                _access.Close();
                Note(_access.LastError ?? "it does not say what there is to hear");
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            _access.Close();
            Note(fault.ToString());
        }

        return true;
    }

    // The first time, with the connections that later operations go over: none of these waits for a connection to be made.
    private async ValueTask<bool> HearAsync()
    {
        if (_access.State == TierState.Starting)
        {
            await _members.ReadAllAsync(_stopping);
        }

        return await _news.HearAsync(_stopping) && await MissNothingAsync();
    }

    // A directory is lost as a whole, and its counters with it.
    private async ValueTask<bool> MissNothingAsync()
    {
        if (!_access.Store.LosesSome || await _witnesses.AreThereAsync(_stopping))
        {
            return true;
        }

        // With the counters, perhaps, which were read a moment ago: that is one loss.
        long losses = _meter.NewsLost;
        return await _news.HearAsync(_stopping)
            && (_meter.NewsLost > losses || await _news.LoseAsync("a server of the store has lost what it had", _stopping));
    }

    // A line for what lasts: a store that has stumbled and answers the next look has not changed its state.
    private void Note(string? reason)
    {
        bool isFirst = !_isNoted;
        bool isNews = isFirst || (reason is null) != (Reason is null);
        _isNoted = true;
        Volatile.Write(ref _reason, reason);
        if (isNews)
        {
            StateChanged?.Invoke(reason);
        }
    }

    // No number that one of them has heard is given again: then it would count as one that has acted.
    private async ValueTask SeeOthersAsync(CancellationToken ct)
    {
        if (_access.State == TierState.Up)
        {
            await _watch.SeeAsync(ct);
        }
    }

    private ValueTask<FleetReach> AwaitOthersAsync(Predicate<FleetMember> hasActed, CancellationToken ct)
    {
        Wake();
        return _watch.AwaitAsync(hasActed, ct);
    }

    // Whoever comes while the store is down has not asked it.
    private FleetReach Untold() =>
        FleetReach.Untold((_access.State == TierState.Down ? Reason : null) ?? _access.LastError ?? "it takes no news");
}
