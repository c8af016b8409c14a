using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>Of several events that say the same one is told, and nobody waits for ever to be told.</summary>
public sealed class TierTellingTests : IDisposable
{
    private readonly TierBed _bed = new();
    private readonly TierBacklog _backlog = new();
    private readonly TierTelling _telling;

    public TierTellingTests() => _telling = new TierTelling(_bed.Access, _bed.News, _backlog, _bed.Time);

    public void Dispose()
    {
        _telling.Dispose();
        _bed.Dispose();
    }

    // Two variants that looked alike before have each changed.
    [Fact]
    public async Task Each_successor_is_told_though_their_events_look_alike()
    {
        var (one, other) = (_bed.Publish("/file"), _bed.Publish("/other"));
        (one.IsUntold, other.IsUntold) = (true, true);
        var told = new TierEvent(TierEventKind.Changed, "/file"u8.ToArray(), TierVersion.Of("old"u8));
        _backlog.Add(told with { Successor = one });
        _backlog.Add(told with { Successor = other });

        await _telling.TellWaitingAsync(TierBed.Ct);

        Assert.Equal((false, false, 2L), (one.IsUntold, other.IsUntold, _bed.Meter.NewsTold));
    }

    [Fact]
    public async Task Of_events_that_say_the_same_the_last_is_told()
    {
        var told = new TierEvent(TierEventKind.Removed, "/file"u8.ToArray(), default);
        _backlog.Add(told);
        _backlog.Add(told);

        await _telling.TellWaitingAsync(TierBed.Ct);

        Assert.Equal(1, _bed.Meter.NewsTold);
        Assert.True(_backlog.Peek().IsEmpty);
    }
}
