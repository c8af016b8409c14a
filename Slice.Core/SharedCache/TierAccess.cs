using System.Globalization;

namespace Slice.Core.SharedCache;

/// <summary>
/// Operations on a shared store under a deadline each, and not at all while the store is down: a circuit breaker. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The store is down when an operation has met its deadline, and no other one has succeeded since that operation began, nor within two
/// deadlines: a store that is only busy goes on answering. Where this process is behind with its own work, these are ten. When
/// <see cref="MostErrors"/> operations in a row have failed, other than at one of several servers that is away. And when no slice has come,
/// or none has gone, for ten deadlines, though what is short is answered. From then on nobody waits for it, so that a request pays for a
/// store that is gone once, and not for each slice. Only <see cref="ProbeAsync"/> finds out whether it is there again: in the background,
/// so that no client waits for that either.
/// </para>
/// </remarks>
/// <param name="store">The store.</param>
/// <param name="timeout">How long an operation may take before its answer begins.</param>
/// <param name="time">The clock.</param>
internal sealed class TierAccess(IKeyValueStore store, TimeSpan timeout, TimeProvider time)
{
    // Some refusals, or a lost connection, are an accident; so many in a row are not. Arbitrary.
    private const int MostErrors = 32;

    // The time that bytes may take behind the first ones. Nobody tells us when an answer begins, so it is added for the whole of the value:
    // 16 MiB/s is slower than any network that a shared cache is of use on, also when several values come at once.
    private const double BytesPerSecond = 16 << 20;

    // A store that stumbles is asked again at once, so often in half a minute. Arbitrary.
    private const int PermittedClosings = 3;

    // Nobody waits for a probe, which may find a store that is only slow, nor for a write.
    private const int UnhurriedTimeouts = 4;

    // Of an operation that a client waits for, each one deadline longer than the one before: six together. Who gives up asks the origin for
    // what all of the fleet would have had from here. Arbitrary.
    private const int MostAttempts = 3;

    // A machine that writes its memory to disk, or a store that saves, is back within this time. Arbitrary.
    private static readonly TimeSpan s_longestStumble = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_firstHold = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestHold = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly LastAnswer _lastAnswer = new(timeout, time);
    private volatile int _state = (int)TierState.Starting;
    private TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _closedAt = time.GetTimestamp();
    private long _openedAt;
    private TimeSpan _hold;
    private int _closings;
    private int _errorsInRow;
    private TierSilence _reading = new(time);
    private TierSilence _writing = new(time);

    /// <summary>Called when the store goes down: whoever probes it does so at once. Set once, before use; must not wait.</summary>
    public Action? Closed { get; set; }

    /// <summary>Whether this process has more to do than threads to do it.</summary>
    public Func<bool> IsMachineBehind { get; init; } = LastAnswer.IsMachineBehind;

    /// <summary>Whether the store is asked.</summary>
    public TierState State => (TierState)_state;

    /// <summary>The store.</summary>
    public IKeyValueStore Store => store;

    /// <summary>
    /// Whether the store is up, or has been down for no more than two seconds, as one that stumbles is. The first two seconds of the
    /// process count, too.
    /// </summary>
    public bool IsUpOrStumbles => State == TierState.Up || LeftOfStumble(out _) > TimeSpan.Zero;

    /// <summary>How long an operation may take before its answer begins.</summary>
    public TimeSpan Timeout => timeout;

    /// <summary>Carries out one operation, and again when it met its deadline and the store, or this machine, is only busy.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="bytes">Bytes that go or come with it.</param>
    /// <param name="ct">The caller's, who has had enough.</param>
    /// <param name="wholeBytes">
    /// Bytes of the value of which these are a part: that the part has come does not say that values come. 0 for a whole value.
    /// </param>
    /// <param name="refusals">Learns what the store refuses, and what it gives; null for nobody.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<(TierOutcome Outcome, T? Result)> RunAsync<T>(
        Func<CancellationToken, ValueTask<T>> operation, int bytes, CancellationToken ct, int wholeBytes = 0,
        TierRefusals? refusals = null)
    {
        if (State != TierState.Up)
        {
            ct.ThrowIfCancellationRequested();
            return (TierOutcome.Skipped, default);
        }

        for (int attempt = 1; ; attempt++)
        {
            var deadline = DeadlineFor(bytes) + ((attempt - 1) * timeout);
            var (outcome, result) = await AttemptAsync(operation, deadline, ct, bytes, wholeBytes: wholeBytes, refusals: refusals);

            // Still up: the store, or this machine, is busy. Once more is cheaper than the origin.
            bool isOver = outcome != TierOutcome.TimedOut || State != TierState.Up;
            if (isOver || attempt == MostAttempts)
            {
                return (outcome, result);
            }
        }
    }

    /// <summary>
    /// Carries out one that nobody waits for. It may take longer, and one that takes too long says that there is much to write, and nothing
    /// about the store.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="bytes">Bytes that go with it.</param>
    /// <param name="ct">The caller's, who has had enough.</param>
    /// <param name="refusals">Learns what the store refuses, and what it takes; null for nobody.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<TierOutcome> WriteAsync(
        Func<CancellationToken, ValueTask> operation, int bytes, CancellationToken ct, TierRefusals? refusals = null)
    {
        if (State != TierState.Up)
        {
            ct.ThrowIfCancellationRequested();
            return TierOutcome.Skipped;
        }

        var (outcome, _) = await AttemptAsync(
            async token =>
            {
                await operation(token);
                return true;
            },
            UnhurriedTimeouts * DeadlineFor(bytes),
            ct,
            bytes,
            closes: false,
            refusals: refusals);
        return outcome;
    }

    /// <summary>Carries out an operation also while the store is down.</summary>
    public ValueTask<(TierOutcome Outcome, T? Result)> ProbeAsync<T>(
        Func<CancellationToken, ValueTask<T>> operation, CancellationToken ct) => AttemptAsync(operation, UnhurriedTimeouts * timeout, ct);

    /// <summary>Why the last operation that failed did; null when none has.</summary>
    public string? LastError { get; private set; }

    /// <summary>
    /// The store may be asked: who probes it has learned all that must be known first. A store that goes down again and again is left
    /// alone for longer each time.
    /// </summary>
    public void Open()
    {
        lock (_lock)
        {
            if (State == TierState.Up || (State == TierState.Down && time.GetElapsedTime(_closedAt) < _hold))
            {
                return;
            }

            _openedAt = time.GetTimestamp();
            (_reading, _writing) = (new TierSilence(time), new TierSilence(time));

            _state = (int)TierState.Up;
            _errorsInRow = 0;
            _opened.SetResult();
        }
    }

    /// <summary>Waits for a store that stumbles: true once it is up, false when it has been down for two seconds.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<bool> WaitForStumbleAsync(CancellationToken ct)
    {
        while (State != TierState.Up)
        {
            var left = LeftOfStumble(out var opened);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            // A wait is one of whole milliseconds, and one of none would end at once, again and again.
            var wait = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
            await opened.WaitAsync(wait, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }

        return true;
    }

    /// <summary>The store is not to be asked for the time being.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (State == TierState.Down)
            {
                return;
            }

            bool isAgain = State == TierState.Up && time.GetElapsedTime(_openedAt) < s_longestHold;
            _closings = isAgain ? _closings + 1 : 1;
            _hold = _closings <= PermittedClosings ? TimeSpan.Zero
                : _hold == TimeSpan.Zero ? s_firstHold
                : _hold < s_longestHold ? 2 * _hold : _hold;
            _closedAt = time.GetTimestamp();
            if (_opened.Task.IsCompleted)
            {
                _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            _state = (int)TierState.Down;
        }

        Closed?.Invoke();
    }

    private TimeSpan LeftOfStumble(out Task opened)
    {
        lock (_lock)
        {
            opened = _opened.Task;
            return s_longestStumble - time.GetElapsedTime(_closedAt);
        }
    }

    private TimeSpan DeadlineFor(int bytes) => timeout + TimeSpan.FromSeconds(bytes / BytesPerSecond);

    private async ValueTask<(TierOutcome Outcome, T? Result)> AttemptAsync<T>(
        Func<CancellationToken, ValueTask<T>> operation,
        TimeSpan deadline,
        CancellationToken ct,
        int bytes = 0,
        bool closes = true,
        int wholeBytes = 0,
        TierRefusals? refusals = null)
    {
        long began = time.GetTimestamp();
        using var limit = new CancellationTokenSource(deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            var result = await operation(either.Token);
            lock (_lock)
            {
                _lastAnswer.Note();
                _errorsInRow = 0;
                if (bytes > 0 && result is not null && wholeBytes == 0)
                {
                    // That there is none of it would be a short answer.
                    (closes ? _reading : _writing).End();
                }
            }

            if (result is not null)
            {
                refusals?.WentWell();
            }

            return (TierOutcome.Done, result);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // A deadline that rings late says that this machine is busy, and nothing about the store. So do continuations that wait for a
            // thread, an answer of the store among them perhaps; but a machine may be busy for long, and the store gone meanwhile.
            bool isBusy = !closes || time.GetElapsedTime(began) > 1.5 * deadline || _lastAnswer.Excuses(began, IsMachineBehind());
            bool isSilent;
            lock (_lock)
            {
                // A path that swallows long packets, or a disk behind the store that hangs: leases and news are answered, and each slice
                // would cost its deadlines, for ever, or those who wait for another instance's write.
                isSilent = bytes > 0 && (closes ? _reading : _writing).LastsFor(
                    began, LastAnswer.MostTimeoutsBehind * DeadlineFor(Math.Max(bytes, wholeBytes)));
                LastError = string.Create(CultureInfo.InvariantCulture, $"no answer within {deadline.TotalMilliseconds:0} ms");
            }

            if (isSilent || !isBusy)
            {
                Close();
            }

            return (TierOutcome.TimedOut, default);
        }
        catch (NoRoomException error)
        {
            // It has answered, and not with a failure: what it has can be read.
            lock (_lock)
            {
                _lastAnswer.Note();
                _errorsInRow = 0;
                LastError = error.Message;
            }

            refusals?.Refused(error.Message);
            return (TierOutcome.NoRoom, default);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Also what no store should throw: a fault of one is a miss, too, and no client's.
            bool isGone;
            string reason = error is KeyValueStoreException ? error.Message : error.ToString();
            bool isAway = error is KeyValueStoreException { IsAway: true };

            // Of several servers the one that is away fails what is there in no time, and many of those may come in a row: the parts of one
            // hot object are all at one server. The others go on.
            bool isOfSome = isAway && store.IsPartlyThere;
            lock (_lock)
            {
                isGone = (!isOfSome && ++_errorsInRow >= MostErrors) || !_lastAnswer.IsKnown;
                LastError = reason;
            }

            if (isGone)
            {
                Close();
            }

            if (isAway)
            {
                return (TierOutcome.Away, default);
            }

            refusals?.Refused(reason);
            return (TierOutcome.Failed, default);
        }
    }
}
