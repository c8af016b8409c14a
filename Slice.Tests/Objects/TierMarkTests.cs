using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

/// <summary>What the counter of removals of a shared tier says of a generation that is stored here.</summary>
public sealed class TierMarkTests : IDisposable
{
    private const long Made = 1_764_417_462_118L << 12;

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    /// <summary>
    /// The counter when the generation was asked for, -1 for no tier; the counter now; whether nothing was removed since. A directory has
    /// no counter before there is anything to count: 0 says that the counter was lost.
    /// </summary>
    public static TheoryData<long, long, bool> Counters { get; } = new()
    {
        { 0, 0, true },
        { Made, Made, true },
        { Made + 1, Made + 1, true },
        { 0, Made + 1, false },
        { Made, Made + 1, false },
        { Made + 1, Made + 2, false },
        { Made + 1, Made + (1 << 12), true },
        { Made + 1, 0, true },
        { -1, 0, true },
        { -1, Made, true },
        { -1, Made + 1, false },
    };

    [Theory]
    [MemberData(nameof(Counters))]
    public void Generation_has_seen_what_the_tier_has_unless_a_removal_was_counted_since(long asked, long now, bool hasSeen)
    {
        var generation = new Generation(StoredObjects.Key(), StoredObjects.Response(4), new SliceGrid(4), isShared: true, _store)
        {
            TierMark = asked < 0 ? null : new TierMark(asked, 0, 0),
        };

        Assert.Equal(hasSeen, generation.HasSeenRemovals(new TierMark(now, 0, 0)));
    }
}
