using Waiter = System.Threading.Tasks.TaskCompletionSource<Slice.Core.Origin.OriginPermit>;

namespace Slice.Core.Origin;

/// <summary>
/// How many requests run at the origin at once, over all clients: a semaphore in front of the connection pool, and a line in front of the
/// semaphore that is fair to clients and targets. Thread-safe. A permit is held from before a request is sent until its body is read or
/// given up, never while waiting to retry.
/// </summary>
/// <remarks>
/// A permit that comes free goes to the client that holds the fewest, and of the targets of that client to the one that holds the fewest.
/// One of several clients does not get all of them (<see cref="GatePolicy.ClientSharePercent"/>). What is read ahead
/// (<see cref="GateTicket.Wanted"/>) goes behind what a client waits for (<see cref="GateLine"/>).
/// While somebody waits, a request that takes long (<see cref="GatePolicy"/>) counts among the slow ones instead: there are at most as many
/// of those as there are permits, so the origin never has more than twice the limit. When that room is used up too, a request whose head
/// has not come ends once it had its time; of those, one of the client that holds the most.
/// </remarks>
public sealed class OriginGate : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _permits;
    private readonly TimeProvider _time;
    private readonly GatePolicy _policy;
    private readonly GateLine _everybody = new();

    // Who holds a permit, the oldest first. The last are no longer counted by the semaphore.
    private readonly LinkedList<OriginPermit> _awaiting = new();
    private readonly LinkedList<OriginPermit> _reading = new();
    private readonly LinkedList<OriginPermit> _slowAwaiting = new();

    // The client that asked last, and the one before it that was another, with the times.
    private (string Client, long At)? _lastAsker;
    private (string Client, long At)? _otherAsker;

    private ITimer? _timer;
    private int _limit;
    private int _inside;
    private int _slow;

    // Permits that are out and above a limit that was lowered: they are not given to the next in line when they come back.
    private int _surplus;
    private bool _isDisposed;

    /// <summary>A gate with <paramref name="limit"/> permits, 1 or more; <paramref name="time"/> is the clock of those who queue.</summary>
    public OriginGate(int limit, TimeProvider time, GatePolicy? policy = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        (_limit, _time, _policy) = (limit, time, policy ?? GatePolicy.Subrequests);
        _permits = new SemaphoreSlim(limit);
    }

    /// <summary>Most requests that count at the gate.</summary>
    public int Limit => Volatile.Read(ref _limit);

    /// <summary>Permits that are free.</summary>
    public int Free => _permits.CurrentCount;

    /// <summary>Requests that count at the gate.</summary>
    public int Inside => Volatile.Read(ref _inside);

    /// <summary>Requests that count among the slow ones.</summary>
    public int Slow => Volatile.Read(ref _slow);

    /// <summary>Whether somebody waits for a permit.</summary>
    public bool IsWaitedAt
    {
        get
        {
            lock (_lock)
            {
                return _everybody.IsWaiting;
            }
        }
    }

    /// <summary>Changes the limit, 1 or more, from now on. Who is inside stays; a lower limit is reached as permits come back.</summary>
    public void Resize(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        List<OriginPermit>? revoked;
        lock (_lock)
        {
            int more = limit - _limit;
            _limit = limit;
            for (; more < 0; more++)
            {
                _surplus += _permits.Wait(0, CancellationToken.None) ? 0 : 1;
            }

            int forgiven = Math.Min(more, _surplus);
            _surplus -= forgiven;
            if (more > forgiven)
            {
                _permits.Release(more - forgiven);
            }

            revoked = SettleUnsynchronized();
        }

        Revoke(revoked);
    }

    /// <summary>
    /// Waits for a permit; null when <paramref name="queueTimeout"/> ran out. The caller disposes the permit.
    /// </summary>
    /// <param name="ticket">On whose behalf.</param>
    /// <param name="queueTimeout">Longest wait.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public ValueTask<OriginPermit?> TryEnterAsync(GateTicket ticket, TimeSpan queueTimeout, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        GateLine line;
        LinkedListNode<Waiter> place;
        List<OriginPermit>? revoked;
        lock (_lock)
        {
            // While somebody may come in there is no free permit to take past them: each goes to the line as soon as it is free.
            NoteAskerUnsynchronized(ticket.Client);
            line = _everybody.Of(ticket);
            if (MayEnter(line) && _permits.Wait(0, CancellationToken.None))
            {
                line.Take();
                return new(NewPermitUnsynchronized(line));
            }

            place = line.Join(new Waiter(TaskCreationOptions.RunContinuationsAsynchronously), ticket.IsAhead);
            revoked = SettleUnsynchronized();
        }

        Revoke(revoked);
        return WaitAsync(line, place, ticket, queueTimeout, ct);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer?.Dispose();
        _permits.Dispose();
    }

    /// <summary>See <see cref="OriginPermit.HeadArrived"/>.</summary>
    internal void HeadArrived(OriginPermit permit)
    {
        lock (_lock)
        {
            if (permit.IsBack || permit.Place.List == _reading)
            {
                return;
            }

            permit.Since = _time.GetTimestamp();
            permit.Place.List?.Remove(permit.Place);
            if (!permit.IsSlow)
            {
                _reading.AddLast(permit.Place);
            }
        }
    }

    /// <summary>See <see cref="OriginPermit.Dispose"/>.</summary>
    internal void Leave(OriginPermit permit)
    {
        List<OriginPermit>? revoked;
        lock (_lock)
        {
            if (permit.IsBack || _isDisposed)
            {
                return;
            }

            permit.IsBack = true;
            permit.Place.List?.Remove(permit.Place);
            if (permit.IsSlow)
            {
                _slow--;
                permit.Line.Client.Slow--;
            }
            else
            {
                FreeUnsynchronized();
            }

            permit.Line.Return();

            revoked = SettleUnsynchronized();
        }

        Revoke(revoked);
    }

    private bool MayEnter(GateLine line) =>
        line.Client.Held - line.Client.Slow < (((long)_limit * _policy.ClientSharePercent) + 99) / 100 || IsAlone(line.Client.Name);

    private bool IsAlone(string client)
    {
        var other = _lastAsker?.Client == client ? _otherAsker : _lastAsker;
        bool isAlone = other is not { } asker || _time.GetElapsedTime(asker.At) >= _policy.AloneAfter;
        return _policy.ClientSharePercent == 100 || (_policy.AloneAfter != Timeout.InfiniteTimeSpan && isAlone);
    }

    private void NoteAskerUnsynchronized(string client)
    {
        if (_lastAsker is { } last && last.Client != client)
        {
            _otherAsker = last;
        }

        _lastAsker = (client, _time.GetTimestamp());
    }

    private OriginPermit NewPermitUnsynchronized(GateLine line)
    {
        var permit = new OriginPermit(this, line) { Since = _time.GetTimestamp() };
        _awaiting.AddLast(permit.Place);
        _inside++;
        return permit;
    }

    private void FreeUnsynchronized()
    {
        _inside--;
        if (_surplus > 0)
        {
            _surplus--;
        }
        else
        {
            _permits.Release();
        }
    }

    // After every change: whoever may come in does, those who take long make room, and the timer is set for the next who will. Returns
    // those whose time is over.
    private List<OriginPermit>? SettleUnsynchronized()
    {
        List<OriginPermit>? revoked = null;
        AdmitUnsynchronized();
        while (_everybody.IsWaiting && _slow < _limit && FindSlowUnsynchronized() is { } slow)
        {
            MoveUnsynchronized(slow);
            AdmitUnsynchronized();
        }

        if (_everybody.IsWaiting && _slow >= _limit && FindOverdueUnsynchronized() is { } overdue)
        {
            // Out of its list the permit is not found again; it comes back when its request has ended. The next one ends when somebody
            // waits even then: all at once would be more than are waited for.
            overdue.Place.List!.Remove(overdue.Place);
            revoked = [overdue];
        }

        SetTimerUnsynchronized();
        return revoked;
    }

    private void AdmitUnsynchronized()
    {
        while (_everybody.Next() is { } line && MayEnter(line) && _permits.Wait(0, CancellationToken.None))
        {
            line.Serve().SetResult(NewPermitUnsynchronized(line));
        }
    }

    private void MoveUnsynchronized(OriginPermit permit)
    {
        bool isAwaiting = permit.Place.List == _awaiting;
        permit.Place.List!.Remove(permit.Place);
        if (isAwaiting)
        {
            _slowAwaiting.AddLast(permit.Place);
        }

        permit.IsSlow = true;
        permit.Line.Client.Slow++;
        _slow++;
        FreeUnsynchronized();
    }

    private OriginPermit? FindSlowUnsynchronized() =>
        IsOver(_awaiting, _policy.HeadPatience) ? _awaiting.First!.Value
        : IsOver(_reading, _policy.BodyPatience) ? _reading.First!.Value
        : null;

    // Among those that had their time, one of the client that holds the most; the oldest of them.
    private OriginPermit? FindOverdueUnsynchronized() =>
        _slowAwaiting.TakeWhile(IsOverdue).MaxBy(permit => permit.Line.Client.Held) ?? _awaiting.TakeWhile(IsOverdue).FirstOrDefault();

    private bool IsOverdue(OriginPermit permit) => _time.GetElapsedTime(permit.Since) >= _policy.SureTime;

    private bool IsOver(LinkedList<OriginPermit> permits, TimeSpan patience) => TimeLeft(permits, patience) <= TimeSpan.Zero;

    private TimeSpan TimeLeft(LinkedList<OriginPermit> permits, TimeSpan patience) =>
        permits.First is { } oldest && patience != Timeout.InfiniteTimeSpan
            ? patience - _time.GetElapsedTime(oldest.Value.Since)
            : TimeSpan.MaxValue;

    private void SetTimerUnsynchronized()
    {
        if (!_everybody.IsWaiting || _isDisposed)
        {
            return;
        }

        var (first, second) = _slow < _limit
            ? (TimeLeft(_awaiting, _policy.HeadPatience), TimeLeft(_reading, _policy.BodyPatience))
            : (TimeLeft(_slowAwaiting, _policy.SureTime), TimeLeft(_awaiting, _policy.SureTime));
        var next = first < second ? first : second;
        if (next < TimeSpan.MaxValue)
        {
            // A timer that rings a little early must not ring without a pause.
            next = next < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : next;
            _timer ??= _time.CreateTimer(
                static gate => ((OriginGate)gate!).TimePassed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(next, Timeout.InfiniteTimeSpan);
        }
    }

    private void TimePassed()
    {
        List<OriginPermit>? revoked;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            revoked = SettleUnsynchronized();
        }

        Revoke(revoked);
    }

    private async ValueTask<OriginPermit?> WaitAsync(
        GateLine line, LinkedListNode<Waiter> place, GateTicket ticket, TimeSpan queueTimeout, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);

        // At once where somebody waits already; also for one that nobody waited for when it joined the line.
        using var wanted = ticket.Wanted.CanBeCanceled ? ticket.Wanted.UnsafeRegister(_ => Hurry(), null) : default;
        if (!ticket.Wanted.CanBeCanceled)
        {
            deadline.CancelAfter(queueTimeout);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            return await place.Value.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            bool isOut;
            lock (_lock)
            {
                isOut = line.TryQuit(place);
            }

            // The permit came at the same time.
            var permit = isOut ? null : await place.Value.Task;
            if (ct.IsCancellationRequested)
            {
                permit?.Dispose();
                throw;
            }

            return permit;
        }

        void Hurry()
        {
            List<OriginPermit>? revoked;
            lock (_lock)
            {
                // Its client may be the next one now, and have room where the one before had none.
                line.Hurry(place);
                revoked = _isDisposed ? null : SettleUnsynchronized();
            }

            Revoke(revoked);
            deadline.CancelAfter(queueTimeout);
        }
    }

    private static void Revoke(List<OriginPermit>? permits)
    {
        foreach (var permit in permits ?? [])
        {
            permit.Revoke();
        }
    }
}
