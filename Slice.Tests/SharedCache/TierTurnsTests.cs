using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>One of several instances has the turn to ask the origin for something, for as long as it lives.</summary>
public sealed class TierTurnsTests : IDisposable
{
    private const string Name = "t:s:version:0";

    private readonly TierBed _bed = new();
    private readonly TierBed _other;

    public TierTurnsTests() => _other = new TierBed(_bed);

    private static CancellationToken Ct => TierBed.Ct;

    private static string Key => TierNames.TurnOf(Name);

    public void Dispose()
    {
        _other.Dispose();
        _bed.Dispose();
    }

    [Fact]
    public async Task Turn_is_one_instances()
    {
        var (taking, turn) = await _bed.Turns.TryTakeAsync(Name, Ct);
        Assert.Equal(TierTurns.Taking.Taken, taking);
        Assert.NotNull(turn);

        Assert.Equal((TierTurns.Taking.HeldByOther, null), await _other.Turns.TryTakeAsync(Name, Ct));
        Assert.Equal(TierTurns.Taking.Taken, (await _other.Turns.TryTakeAsync("t:s:version:1", Ct)).Taking);
    }

    [Fact]
    public async Task Turn_that_ends_with_what_others_wait_for_can_be_taken()
    {
        var (_, turn) = await _bed.Turns.TryTakeAsync(Name, Ct);
        turn!.End(isFilled: true);
        await GoneAsync();

        Assert.Equal(TierTurns.Taking.Taken, (await _other.Turns.TryTakeAsync(Name, Ct)).Taking);
    }

    [Fact]
    public async Task Turn_that_nothing_came_of_is_told_for_a_second()
    {
        var (_, turn) = await _bed.Turns.TryTakeAsync(Name, Ct);
        turn!.End(isFilled: false);
        await Eventually.TrueAsync(() => _bed.Count($"set {Key}") == 1, "the turn to be released");

        Assert.Equal((TierTurns.Taking.Released, null), await _other.Turns.TryTakeAsync(Name, Ct));
        _bed.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TierTurns.Taking.Taken, (await _other.Turns.TryTakeAsync(Name, Ct)).Taking);
    }

    [Fact]
    public async Task Turn_of_an_instance_that_lives_is_renewed()
    {
        await _bed.Turns.TryTakeAsync(Name, Ct);
        for (int renewal = 1; renewal <= 12; renewal++)
        {
            Renew(renewal);
        }

        Assert.Equal(TierTurns.Taking.HeldByOther, (await _other.Turns.TryTakeAsync(Name, Ct)).Taking);
    }

    [Fact]
    public async Task Turn_of_an_instance_that_has_died_is_anothers_within_its_lifetime()
    {
        await _bed.Turns.TryTakeAsync(Name, Ct);
        Renew(1);
        _bed.Turns.Dispose();

        _bed.Time.Advance(TierTurns.Lifetime - TimeSpan.FromMilliseconds(1));
        Assert.Equal(TierTurns.Taking.HeldByOther, (await _other.Turns.TryTakeAsync(Name, Ct)).Taking);
        _bed.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TierTurns.Taking.Taken, (await _other.Turns.TryTakeAsync(Name, Ct)).Taking);
    }

    // It has the turn no more: another instance may be at it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Instance_that_lost_its_turn_leaves_the_turn_of_another_alone(bool isFilled)
    {
        var (_, late) = await _bed.Turns.TryTakeAsync(Name, Ct);
        _bed.Server.IsAway = true;
        for (int renewal = 1; renewal <= 4; renewal++)
        {
            Renew(renewal);
        }

        _bed.Server.IsAway = false;
        var (taking, _) = await _other.Turns.TryTakeAsync(Name, Ct);
        Assert.Equal(TierTurns.Taking.Taken, taking);

        late!.End(isFilled);
        await Eventually.TrueAsync(() => _bed.Count($"renew {Key}") == 5, "the lost turn to be looked at");
        using var third = new TierBed(_bed);
        Assert.Equal(TierTurns.Taking.HeldByOther, (await third.Turns.TryTakeAsync(Name, Ct)).Taking);
        Assert.Equal(0, _bed.Count($"remove {Key}") + _bed.Count($"set {Key}"));
    }

    [Fact]
    public async Task Store_that_is_away_gives_no_turn_and_no_wait()
    {
        _bed.Server.IsAway = true;

        Assert.Equal((TierTurns.Taking.Unknown, null), await _bed.Turns.TryTakeAsync(Name, Ct));
    }

    private void Renew(int renewal)
    {
        _bed.Time.Advance(TierTurns.Lifetime / 4);
        Assert.Equal(renewal, _bed.Count($"renew {Key}"));
    }

    private Task GoneAsync() => Eventually.TrueAsync(() => !_bed.Server.Keys.Contains(Key), "the turn to be gone");
}
