using System.Buffers;
using Slice.Core.Fetching;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>What is offered is written behind the requests, or dropped; and the turn of who offers ends in each case.</summary>
public sealed class TierWriterTests : IAsyncDisposable
{
    // As TierWriter has them: what waits in its queue, and what its writers are at.
    private const int MostWaiting = 256;
    private const int Writers = 4;

    // As TierAccess has it.
    private static readonly TimeSpan s_longestStumble = TimeSpan.FromSeconds(2);

    private readonly TierBed _bed = new();
    private readonly TierWriter _writer;
    private readonly List<bool> _ends = [];

    public TierWriterTests() => _writer = new TierWriter(_bed.Access, _bed.Meter, _bed.Time, _bed.Stopping);

    public async ValueTask DisposeAsync()
    {
        _bed.Stop();
        await Deadline.WithinAsync(_writer.DisposeAsync().AsTask(), "the writer to end");
        _bed.Dispose();
    }

    [Fact]
    public async Task Values_are_written_one_after_the_other_and_the_turn_ends()
    {
        _writer.Add([() => Value("t:slice"), () => Value("t:head")], NewTurn());

        Assert.True(await EndAsync());
        Assert.Equal(["set t:slice", "set t:head"], _bed.Server.Operations);
        Assert.Equal((2, 2), (Writes("written"), _bed.Meter.BytesWritten));
    }

    [Fact]
    public async Task Head_is_not_written_when_its_slice_is_gone()
    {
        bool wasAsked = false;
        _writer.Add([() => ValueTask.FromResult<TierValue?>(null), () => Ask(ref wasAsked)], NewTurn());

        Assert.False(await EndAsync());
        Assert.False(wasAsked);
        Assert.Empty(_bed.Server.Operations);
    }

    [Fact]
    public async Task Head_is_not_written_when_the_store_does_not_take_its_slice()
    {
        _bed.Server.IsAway = true;
        bool wasAsked = false;
        _writer.Add([() => Value("t:slice"), () => Ask(ref wasAsked)], NewTurn());

        Assert.False(await EndAsync());
        Assert.False(wasAsked);
        Assert.Equal(1, Writes("error"));
    }

    [Fact]
    public async Task What_the_store_has_no_room_for_is_dropped_and_not_counted_as_written_and_said()
    {
        List<string?> told = [];
        _writer.Refusals.Changed = told.Add;
        _bed.Server.Damage = static (_, _) => throw new NoRoomException("no room");
        for (int number = 0; number < 40; number++)
        {
            _writer.Add([() => Value("t:slice")], NewTurn());
        }

        await Eventually.TrueAsync(() => Ends().Length == 40, "the turns to end");
        Assert.Equal(Enumerable.Repeat(false, 40), Ends());
        Assert.Equal((40, 0, 0), (Writes("dropped"), Writes("written"), _bed.Meter.BytesWritten));
        Assert.Equal(["no room"], told);
        Assert.Equal(TierState.Up, _bed.Access.State);
    }

    [Fact]
    public async Task What_finds_no_room_in_the_queue_is_dropped_at_once()
    {
        _bed.Server.IsSilent = true;
        for (int index = 0; index < Writers; index++)
        {
            _writer.Add([() => Value("t:first")], NewTurn());
        }

        await Eventually.TrueAsync(() => _bed.Count("set t:first") == Writers, "each writer to be at it");
        for (int index = 0; index < MostWaiting; index++)
        {
            _writer.Add([() => Value("t:next")], NewTurn());
        }

        Assert.Empty(Ends());
        _writer.Add([() => Value("t:last")], NewTurn());
        Assert.Equal([false], Ends());
        Assert.Equal(1, Writes("dropped"));

        _bed.Server.IsSilent = false;
        await Eventually.TrueAsync(() => Ends().Length == Writers + MostWaiting + 1, "the rest to be written");
        Assert.Equal(Writers + MostWaiting, Writes("written"));
    }

    [Fact]
    public void What_comes_while_the_store_is_down_is_dropped()
    {
        _bed.Access.Close();
        _bed.Time.Advance(s_longestStumble);
        _writer.Add([() => Value("t:slice")], NewTurn());

        Assert.Equal([false], Ends());
        Assert.Equal(1, Writes("dropped"));
    }

    [Fact]
    public async Task What_comes_while_the_store_stumbles_is_written_when_it_is_up_again()
    {
        _bed.Access.Close();
        for (int index = 0; index < 3 * Writers; index++)
        {
            _writer.Add([() => Value("t:slice")], NewTurn());
        }

        _bed.Time.Advance(s_longestStumble - TimeSpan.FromMilliseconds(1));
        Assert.Empty(Ends());
        _bed.Access.Open();

        await Eventually.TrueAsync(() => Ends().Length == 3 * Writers, "all to be written");
        Assert.Equal((3 * Writers, 0), (Writes("written"), Writes("dropped")));
        Assert.DoesNotContain(false, Ends());
    }

    [Fact]
    public async Task What_waits_for_a_store_that_does_not_come_back_is_dropped_after_two_seconds_and_not_composed()
    {
        bool wasAsked = false;
        _bed.Access.Close();
        for (int index = 0; index < 3 * Writers; index++)
        {
            _writer.Add([() => Ask(ref wasAsked)], NewTurn());
        }

        for (int index = 0; index < Writers; index++)
        {
            Assert.Equal(s_longestStumble, await _bed.Time.NextWaitAsync());
        }

        _bed.Time.Advance(s_longestStumble - TimeSpan.FromMilliseconds(1));
        Assert.Empty(Ends());
        _bed.Time.Advance(TimeSpan.FromMilliseconds(1));

        await Eventually.TrueAsync(() => Ends().Length == 3 * Writers, "all to be dropped");
        Assert.Equal((3 * Writers, 0, false), (Writes("dropped"), _bed.Count("set"), wasAsked));
        Assert.DoesNotContain(true, Ends());
    }

    // A store with too much to do would have the value twice.
    [Fact]
    public async Task Value_that_was_not_taken_in_time_is_not_tried_again_while_others_wait()
    {
        int writes = 0;
        _bed.Server.IsSilent = true;
        for (int index = 0; index < 4 * Writers; index++)
        {
            _writer.Add([index < Writers ? () => Value("t:slice") : ValueAfterTimeoutsAsync], NewTurn());
        }

        await Eventually.TrueAsync(() => _bed.Count("set t:slice") == Writers, "each writer to be at it");
        _bed.Server.Damage = (_, value) => Interlocked.Increment(ref writes) <= Writers ? throw new OperationCanceledException() : value;
        _bed.Server.IsSilent = false;

        await Eventually.TrueAsync(() => Ends().Length == 4 * Writers, "all to end");
        Assert.Equal((Writers, 3 * Writers, 4 * Writers), (Writes("timeout"), Writes("written"), writes));

        // The others wait for as long as one that was not taken may look whether they do.
        async ValueTask<TierValue?> ValueAfterTimeoutsAsync()
        {
            await Eventually.TrueAsync(() => Writes("timeout") == Writers, "each writer to have given one up");
            return await Value("t:slice");
        }
    }

    // What another instance writes in the meantime is seen by whoever composes anew.
    [Fact]
    public async Task Value_that_was_not_taken_in_time_is_composed_and_written_once_more_and_not_twice()
    {
        int composed = 0;
        int writes = 0;
        _bed.Server.Damage = (_, value) => ++writes == 1 ? throw new OperationCanceledException() : value;
        _writer.Add(
            [
                () =>
                {
                    composed++;
                    return Value("t:slice");
                },
            ],
            NewTurn());
        Assert.True(await EndAsync());
        Assert.Equal((2, 2, 1, 0), (composed, writes, Writes("written"), Writes("timeout")));

        _bed.Server.Damage = static (_, _) => throw new OperationCanceledException();
        _writer.Add([() => Value("t:other")], NewTurn());
        await Eventually.TrueAsync(() => Ends().Length == 2, "the other turn to end");
        Assert.Equal(1, Writes("timeout"));
        Assert.False(Ends()[1]);
    }

    // Nobody who waits is to find nothing and take it for something.
    [Fact]
    public async Task Turns_of_what_waits_at_the_end_end_without_anything()
    {
        _bed.Server.IsSilent = true;
        for (int index = 0; index < Writers + 3; index++)
        {
            _writer.Add([() => Value("t:first")], NewTurn());
        }

        await Eventually.TrueAsync(() => _bed.Count("set t:first") == Writers, "each writer to be at it");
        _bed.Stop();
        await Deadline.WithinAsync(_writer.DisposeAsync().AsTask(), "the writer to end");

        Assert.Equal(Enumerable.Repeat(false, Writers + 3), Ends());
    }

    private static ValueTask<TierValue?> Value(string name)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1);
        return ValueTask.FromResult<TierValue?>(new TierValue(name, buffer, 1, TimeSpan.FromMinutes(1)));
    }

    private static ValueTask<TierValue?> Ask(ref bool wasAsked)
    {
        wasAsked = true;
        return Value("t:head");
    }

    private TierTurn NewTurn() => new(isFilled =>
    {
        lock (_ends)
        {
            _ends.Add(isFilled);
        }
    });

    private bool[] Ends()
    {
        lock (_ends)
        {
            return [.. _ends];
        }
    }

    private async Task<bool> EndAsync()
    {
        await Eventually.TrueAsync(() => Ends().Length == 1, "the turn to end");
        return Ends()[0];
    }

    private long Writes(string word) => _bed.Meter.Writes.Read().Where(write => write.Key == word).Sum(static write => write.Value);
}
