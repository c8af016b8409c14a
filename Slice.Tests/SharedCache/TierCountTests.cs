using System.Text;
using Slice.Core.Objects;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>Two instances that count a change of one object shortly after each other.</summary>
public sealed class TierCountTests : IDisposable
{
    private readonly TierBed _bed = new();
    private readonly TierBed _other;

    public TierCountTests() => _other = new TierBed(_bed);

    public void Dispose()
    {
        _other.Dispose();
        _bed.Dispose();
    }

    // A counter begins with the time: the second number, a millisecond later, is what the second instance would have begun with. Taken for
    // the first, its version counts as asked for after the other's change, and stays everywhere although it may be the older one.
    [Fact]
    public async Task Change_that_is_counted_a_millisecond_after_another_does_not_take_itself_for_the_only_one()
    {
        Assert.True(await _bed.News.HearAsync(TierBed.Ct));
        Assert.True(await _other.News.HearAsync(TierBed.Ct));
        var (one, other) = (Successor(_bed), Successor(_other));

        await _bed.News.TellAsync([Changed(one)], TierBed.Ct);
        _bed.Time.Advance(TimeSpan.FromMilliseconds(1));
        await _other.News.TellAsync([Changed(other)], TierBed.Ct);

        Assert.True(one.TierMark!.Doubts > 0);
        Assert.Equal(0, other.TierMark!.Doubts);
    }

    private static Generation Successor(TierBed bed)
    {
        var generation = bed.Publish("/file");
        generation.TierMark = new TierMark(0, 0, 0);
        return generation;
    }

    private static TierEvent Changed(Generation successor) =>
        new(TierEventKind.Changed, Encoding.ASCII.GetBytes("/file"), TierVersion.Of("old"u8)) { Successor = successor };
}
