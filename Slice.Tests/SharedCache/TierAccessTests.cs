using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>A store that does not answer costs one deadline, and is then left alone until a probe finds it.</summary>
public sealed class TierAccessTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(50);

    private readonly ManualTime _time = new();
    private readonly MemoryKeyValueStore _store = new MemoryKeyValueServer().Open();
    private int _closings;
    private bool _isBehind;
    private readonly TierAccess _access;

    public TierAccessTests()
    {
        _access = new TierAccess(_store, s_timeout, _time)
        {
            Closed = () => _closings++,
            IsMachineBehind = () => _isBehind,
        };
        _access.Open();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_is_not_asked_before_it_is_opened()
    {
        var access = new TierAccess(new MemoryKeyValueServer().Open(), s_timeout, _time);

        Assert.Equal(TierState.Starting, access.State);
        Assert.Equal((TierOutcome.Skipped, 0), await access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct));
    }

    [Fact]
    public async Task Fault_of_a_store_is_a_failure_like_others_and_goes_to_nobody()
    {
        var (outcome, _) = await _access.RunAsync<int>(_ => throw new ArgumentException("a fault"), 0, Ct);

        Assert.Equal(TierOutcome.Failed, outcome);
        Assert.Contains("a fault", _access.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Operation_that_meets_its_deadline_is_the_last_that_waits()
    {
        var hanging = _access.RunAsync(HangAsync, 0, Ct).AsTask();
        _time.Advance(s_timeout);

        Assert.Equal(TierOutcome.TimedOut, (await hanging).Outcome);
        Assert.Equal(TierState.Down, _access.State);
        Assert.Equal(TierOutcome.Skipped, (await _access.RunAsync(HangAsync, 0, Ct)).Outcome);
        Assert.Equal(("no answer within 50 ms", 1), (_access.LastError, _closings));
    }

    [Fact]
    public async Task Store_that_answers_others_meanwhile_is_only_busy_and_is_asked_once_more()
    {
        int tries = 0;
        var hanging = _access.RunAsync(ct => ++tries == 1 ? HangAsync(ct) : ValueTask.FromResult(2), 0, Ct).AsTask();
        _time.Advance(s_timeout / 2);
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        _time.Advance(s_timeout / 2);

        Assert.Equal((TierOutcome.Done, 2), await hanging);
        Assert.Equal(TierState.Up, _access.State);
        Assert.Equal(0, _closings);
    }

    [Fact]
    public async Task Second_try_that_nobody_answers_is_the_last()
    {
        int tries = 0;
        var hanging = _access.RunAsync(Count, 0, Ct).AsTask();
        _time.Advance(2 * s_timeout);
        await Eventually.TrueAsync(() => Volatile.Read(ref tries) == 2, "the second try");
        _time.Advance(2 * s_timeout);

        Assert.Equal(TierOutcome.TimedOut, (await hanging).Outcome);
        Assert.Equal(TierState.Down, _access.State);

        ValueTask<int> Count(CancellationToken ct)
        {
            Interlocked.Increment(ref tries);
            return HangAsync(ct);
        }
    }

    [Fact]
    public async Task Long_value_has_longer()
    {
        var hanging = _access.RunAsync(HangAsync, 16 << 20, Ct).AsTask();
        _time.Advance(s_timeout);
        Assert.False(hanging.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TierOutcome.TimedOut, (await hanging).Outcome);
    }

    [Fact]
    public async Task Errors_among_answers_change_nothing_and_many_in_a_row_are_the_end()
    {
        for (int round = 0; round < 100; round++)
        {
            await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
            Assert.Equal(TierOutcome.Failed, (await _access.RunAsync(FailAsync, 0, Ct)).Outcome);
        }

        Assert.Equal(TierState.Up, _access.State);
        for (int round = 1; round < 32; round++)
        {
            await _access.RunAsync(FailAsync, 0, Ct);
        }

        Assert.Equal(TierState.Down, _access.State);
        Assert.Equal(("refused", 1), (_access.LastError, _closings));
    }

    [Fact]
    public async Task One_server_of_several_that_is_away_is_no_end_of_the_others_however_much_is_asked_of_it()
    {
        _store.IsPartlyThere = true;
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        for (int round = 0; round < 1000; round++)
        {
            Assert.Equal(TierOutcome.Away, (await _access.RunAsync(FindAwayAsync, 0, Ct)).Outcome);
        }

        Assert.Equal((TierState.Up, 0), (_access.State, _closings));

        // Now the last one has failed, too.
        _store.IsPartlyThere = false;
        for (int round = 0; round < 32; round++)
        {
            await _access.RunAsync(FindAwayAsync, 0, Ct);
        }

        Assert.Equal((TierState.Down, 1), (_access.State, _closings));
    }

    // A cluster that has lost a part of its keys says so of all.
    [Fact]
    public async Task Refusals_of_several_servers_are_the_end_though_they_are_there()
    {
        _store.IsPartlyThere = true;
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        for (int round = 0; round < 32; round++)
        {
            await _access.RunAsync(FailAsync, 0, Ct);
        }

        Assert.Equal(TierState.Down, _access.State);
    }

    [Fact]
    public async Task Caller_that_has_had_enough_says_nothing_about_the_store()
    {
        using var caller = new CancellationTokenSource();
        var hanging = _access.RunAsync(HangAsync, 0, caller.Token).AsTask();
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal(TierState.Up, _access.State);
    }

    [Fact]
    public async Task Deadline_that_rings_late_says_nothing_about_the_store()
    {
        int tries = 0;
        var hanging = _access.RunAsync(ct => ++tries == 1 ? HangAsync(ct) : ValueTask.FromResult(2), 0, Ct).AsTask();
        _time.Advance(2 * s_timeout);

        Assert.Equal((TierOutcome.Done, 2), await hanging);
        Assert.Equal((TierState.Up, 0), (_access.State, _closings));
    }

    // With everything on one machine of two cores a mixed load left the store alone for a third of its requests, which then all went to the
    // origin: answers were there, and waited for a thread.
    [Fact]
    public async Task Machine_that_is_behind_with_its_work_says_nothing_about_the_store_for_ten_deadlines()
    {
        _isBehind = true;
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);

        Assert.Equal((TierOutcome.TimedOut, 3, TierState.Up), await HangAllAsync());
        Assert.Equal((TierOutcome.TimedOut, 3, TierState.Down), await HangAllAsync());
    }

    // With one pause of 200 ms three instances sent 127 to 161 requests to the origin for what was in the store.
    [Fact]
    public async Task Store_that_pauses_for_less_than_five_deadlines_is_waited_for()
    {
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);

        Assert.Equal((TierOutcome.Done, 3, TierState.Up), await HangAllAsync(answered: 3));
    }

    [Fact]
    public async Task Store_that_pauses_again_is_not_waited_for_within_half_a_minute()
    {
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        await HangAllAsync(answered: 3);

        // It has answered a moment ago; the second deadline is the last.
        Assert.Equal((TierOutcome.TimedOut, 2, TierState.Down), await HangAllAsync());
        _time.Advance(TimeSpan.FromSeconds(30));
        _access.Open();
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        Assert.Equal((TierOutcome.Done, 3, TierState.Up), await HangAllAsync(answered: 3));
    }

    [Fact]
    public async Task Pause_that_lasts_is_the_end_for_everybody()
    {
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);

        Assert.Equal((TierOutcome.TimedOut, 3, TierState.Down), await HangAllAsync());
        Assert.Equal(TierOutcome.Skipped, (await _access.RunAsync(HangAsync, 0, Ct)).Outcome);
    }

    // Nobody waits for a write, so that no pause is for its sake.
    [Fact]
    public async Task Write_that_is_late_leaves_the_pause_to_those_who_wait()
    {
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        var writing = _access.WriteAsync(async ct => await HangAsync(ct), 0, Ct).AsTask();
        _time.Advance(4 * s_timeout);
        Assert.Equal(TierOutcome.TimedOut, await writing);

        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        Assert.Equal((TierOutcome.Done, 3, TierState.Up), await HangAllAsync(answered: 3));
    }

    // That nobody has asked for long is no silence of the store.
    [Fact]
    public async Task Pause_begins_with_the_first_operation_that_is_not_answered()
    {
        await _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal((TierOutcome.Done, 3, TierState.Up), await HangAllAsync(answered: 3));
    }

    [Fact]
    public async Task Store_that_goes_on_answering_others_is_asked_three_times()
    {
        Assert.Equal(
            (TierOutcome.TimedOut, 3, TierState.Up),
            await HangAllAsync(answeringOthers: () => _access.RunAsync(_ => ValueTask.FromResult(1), 0, Ct).AsTask()));
    }

    // One operation that is answered in none of its attempts, or in one: its end, how many attempts there were, and what is thought of the
    // store then.
    private async Task<(TierOutcome Outcome, int Attempts, TierState State)> HangAllAsync(
        Func<Task>? answeringOthers = null, int answered = int.MaxValue)
    {
        int attempts = 0;
        var running = _access.RunAsync(
            ct => Interlocked.Increment(ref attempts) == answered ? ValueTask.FromResult(1) : HangAsync(ct),
            0,
            Ct).AsTask();
        int rung = 0;
        while (!running.IsCompleted)
        {
            await Eventually.TrueAsync(() => Volatile.Read(ref attempts) > rung || running.IsCompleted, "an attempt, or the end");
            if (attempts > rung && attempts < answered)
            {
                await (answeringOthers?.Invoke() ?? Task.CompletedTask);
                rung++;
                _time.Advance(s_timeout * rung);
            }
            else
            {
                await running;
            }
        }

        return ((await running).Outcome, attempts, _access.State);
    }

    // Nobody waits for a write, and one that takes long has much in front of it.
    [Fact]
    public async Task Write_that_takes_too_long_is_given_up_and_says_nothing_about_the_store()
    {
        var writing = _access.WriteAsync(async ct => await HangAsync(ct), 0, Ct).AsTask();
        _time.Advance(2 * s_timeout);
        Assert.False(writing.IsCompleted);
        _time.Advance(2 * s_timeout);

        Assert.Equal(TierOutcome.TimedOut, await writing);
        Assert.Equal((TierState.Up, 0), (_access.State, _closings));
    }

    // What is short goes over connections of its own, and may be answered for ever.
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Store_that_answers_no_slice_for_ten_deadlines_is_down_whatever_else_it_answers(bool isWrite, bool givesBeginnings)
    {
        int rounds = 0;
        for (; _access.State == TierState.Up && rounds < 20; rounds++)
        {
            await HangSliceAsync(isWrite, givesBeginnings);
        }

        Assert.Equal(TierState.Down, _access.State);
        Assert.InRange(rounds, 2, 10);
    }

    // One slice that is answered in none of its attempts, while something short is answered during each.
    private async Task HangSliceAsync(bool isWrite, bool givesBeginnings)
    {
        const int Bytes = 1 << 20;
        var deadline = s_timeout + TimeSpan.FromMilliseconds(62.5);
        int attempts = 0;
        Task running = isWrite
            ? _access.WriteAsync(async ct => await CountAsync(ct), Bytes, Ct).AsTask()
            : _access.RunAsync(CountAsync, Bytes, Ct).AsTask();
        for (int rung = 0; !running.IsCompleted;)
        {
            await Eventually.TrueAsync(() => Volatile.Read(ref attempts) > rung || running.IsCompleted, "an attempt, or the end");
            if (attempts > rung)
            {
                var (some, whole) = givesBeginnings ? (64 << 10, Bytes) : (0, 0);
                await _access.RunAsync(_ => ValueTask.FromResult(1), some, Ct, whole);
                _time.Advance(isWrite ? 4 * deadline : deadline + (rung * s_timeout));
                rung++;
            }
        }

        await running;

        ValueTask<int> CountAsync(CancellationToken ct)
        {
            Interlocked.Increment(ref attempts);
            return HangAsync(ct);
        }
    }

    [Fact]
    public async Task Slice_that_is_written_in_between_says_that_the_store_is_only_busy()
    {
        for (int round = 0; round < 40; round++)
        {
            var writing = _access.WriteAsync(async ct => await HangAsync(ct), 1 << 20, Ct).AsTask();
            _time.Advance(TimeSpan.FromMilliseconds(400));
            await _access.WriteAsync(_ => ValueTask.CompletedTask, 1 << 20, Ct);
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal(TierOutcome.TimedOut, await writing);
        }

        Assert.Equal(TierState.Up, _access.State);
    }

    [Fact]
    public void Store_that_goes_down_again_and_again_is_left_alone_for_longer()
    {
        foreach (double seconds in new[] { 0, 0, 0, 1, 2, 4, 8, 16, 32, 32 })
        {
            _access.Close();
            if (seconds > 0)
            {
                _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
                _access.Open();
                Assert.Equal(TierState.Down, _access.State);
                _time.Advance(TimeSpan.FromMilliseconds(1));
            }

            _access.Open();
            Assert.Equal(TierState.Up, _access.State);
        }
    }

    [Fact]
    public void Store_that_was_up_for_long_is_asked_again_at_once()
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        _access.Close();
        _access.Open();
        Assert.Equal(TierState.Up, _access.State);
    }

    [Fact]
    public async Task Probe_asks_a_store_that_is_down()
    {
        _access.Close();
        Assert.Equal((TierOutcome.Done, 1), await _access.ProbeAsync(_ => ValueTask.FromResult(1), Ct));
        Assert.Equal(TierState.Down, _access.State);
    }

    private static async ValueTask<int> HangAsync(CancellationToken ct)
    {
        await Task.Delay(Timeout.Infinite, ct);
        return 0;
    }

    private static ValueTask<int> FindAwayAsync(CancellationToken ct) => throw new KeyValueStoreException("away") { IsAway = true };

    private static ValueTask<int> FailAsync(CancellationToken ct) => throw new KeyValueStoreException("refused");
}
