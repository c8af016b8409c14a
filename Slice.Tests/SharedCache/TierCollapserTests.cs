using Slice.Core.Fetching;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>Who misses what another instance is asking for waits for that, and never for longer than is of use.</summary>
public sealed class TierCollapserTests : IDisposable
{
    private const string Name = "t:s:version:0";

    private readonly TierBed _bed = new();
    private readonly TierBed _other;
    private readonly TierCollapser _collapser;
    private volatile string? _content;
    private int _looks;

    public TierCollapserTests()
    {
        _other = new TierBed(_bed);
        _collapser = new TierCollapser(_bed.Turns, _bed.Time, _bed.Meter, isOn: true);
    }

    public void Dispose()
    {
        _other.Dispose();
        _bed.Dispose();
    }

    [Fact]
    public async Task First_gets_the_turn_after_one_more_look()
    {
        var (found, turn) = await FollowAsync();

        Assert.Null(found);
        Assert.NotNull(turn);
        Assert.Equal((1, 1), (_looks, Turns("taken")));
    }

    // What another instance wrote between the first look and the taking of the turn.
    [Fact]
    public async Task What_is_there_once_the_turn_is_taken_is_used_and_the_turn_ends()
    {
        _content = "there";

        Assert.Equal(("there", null), await FollowAsync());

        await Eventually.TrueAsync(() => !_bed.Server.Keys.Contains(TierNames.TurnOf(Name)), "the turn to be gone");
        Assert.Equal(0, Turns("taken"));
    }

    [Fact]
    public async Task Follower_gets_what_the_holder_of_the_turn_brings()
    {
        await _other.Turns.TryTakeAsync(Name, TierBed.Ct);
        var following = FollowAsync();
        await PassAsync(() => _looks >= 3, "some looks");
        Assert.False(following.IsCompleted);
        _content = "brought";

        await PassAsync(() => following.IsCompleted, "the follower to find it");
        Assert.Equal(("brought", null), await following);
        Assert.Equal(1, Turns("followed"));
    }

    [Fact]
    public async Task Follower_takes_over_within_the_lifetime_of_the_turn_when_its_holder_dies()
    {
        await _other.Turns.TryTakeAsync(Name, TierBed.Ct);
        _other.Turns.Dispose();
        long began = _bed.Time.GetTimestamp();
        var following = FollowAsync();

        await PassAsync(() => following.IsCompleted, "the follower to take over");
        var (found, turn) = await following;
        Assert.Null(found);
        Assert.NotNull(turn);
        Assert.InRange(_bed.Time.GetElapsedTime(began), TierTurns.Lifetime, TierTurns.Lifetime + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Follower_of_a_turn_that_nothing_came_of_asks_for_itself()
    {
        var (_, turn) = await _other.Turns.TryTakeAsync(Name, TierBed.Ct);
        var following = FollowAsync();
        await PassAsync(() => _looks >= 1, "a look");
        turn!.End(isFilled: false);

        await PassAsync(() => following.IsCompleted, "the follower to give up");
        Assert.Equal((null, null), await following);
        Assert.Equal(1, Turns("released"));
    }

    [Fact]
    public async Task Follower_waits_for_a_holder_that_hangs_for_ten_seconds()
    {
        await _other.Turns.TryTakeAsync(Name, TierBed.Ct);
        long began = _bed.Time.GetTimestamp();
        var following = FollowAsync();

        await PassAsync(() => following.IsCompleted, "the follower to give up", TimeSpan.FromMilliseconds(50));
        Assert.Equal((null, null), await following);
        Assert.InRange(_bed.Time.GetElapsedTime(began).TotalSeconds, 10, 11.5);
        Assert.Equal(1, Turns("waited"));
    }

    // Ten thousand clients that each wait for another slow object ask the store for each look.
    [Fact]
    public async Task Follower_looks_less_often_the_longer_it_waits()
    {
        await _other.Turns.TryTakeAsync(Name, TierBed.Ct);
        var following = FollowAsync();

        await PassAsync(() => following.IsCompleted, "the follower to give up", TimeSpan.FromMilliseconds(10));

        Assert.Equal((null, null), await following);
        Assert.InRange(_looks, 20, 80);
    }

    [Fact]
    public async Task Follower_that_has_had_enough_leaves_no_turn()
    {
        var (_, turn) = await _other.Turns.TryTakeAsync(Name, TierBed.Ct);
        using var enough = new CancellationTokenSource();
        var following = FollowAsync(_collapser, enough.Token);
        await PassAsync(() => _looks >= 1, "a look");
        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        turn!.End(isFilled: true);
        _bed.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_bed.Server.Keys);
    }

    [Fact]
    public async Task Who_has_had_enough_while_looking_once_more_gives_the_turn_up()
    {
        using var enough = new CancellationTokenSource();
        var following = _collapser.FollowOrTakeTurnAsync<string>(
            Name,
            async ct =>
            {
                await enough.CancelAsync();
                ct.ThrowIfCancellationRequested();
                return null;
            },
            enough.Token).AsTask();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        await Eventually.TrueAsync(() => _bed.Count($"set {TierNames.TurnOf(Name)}") == 1, "the turn to be released");
    }

    [Fact]
    public async Task Where_nobody_takes_turns_each_asks_for_itself()
    {
        var off = new TierCollapser(_bed.Turns, _bed.Time, _bed.Meter, isOn: false);

        Assert.Equal((null, null), await FollowAsync(off, TierBed.Ct));
        Assert.Empty(_bed.Server.Operations);
    }

    private Task<(string? Found, TierTurn? Turn)> FollowAsync() => FollowAsync(_collapser, TierBed.Ct);

    private Task<(string? Found, TierTurn? Turn)> FollowAsync(TierCollapser collapser, CancellationToken ct) =>
        collapser.FollowOrTakeTurnAsync(Name, LookAsync, ct).AsTask();

    private ValueTask<string?> LookAsync(CancellationToken ct)
    {
        Interlocked.Increment(ref _looks);
        return ValueTask.FromResult(_content);
    }

    private long Turns(string word) => _bed.Meter.Turns.Read().Where(turn => turn.Key == word).Sum(static turn => turn.Value);

    // The holder's renewals take a moment of real time: the clock goes on in small steps.
    private Task PassAsync(Func<bool> condition, string what, TimeSpan? step = null) => Eventually.TrueAsync(
        () =>
        {
            _bed.Time.Advance(step ?? TimeSpan.FromMilliseconds(30));
            return condition();
        },
        what);
}
