using Slice.Core.Objects;

namespace Slice.Tests.Objects;

[Trait("Behaviour", "B52")]
public sealed class RecentRemovalsTests
{
    private const int Hash = 0x1234_5678;
    private const int SameSlot = Hash + (3 * RecentRemovals.Slots);
    private const int Negative = Hash | int.MinValue;

    private readonly RecentRemovals _removals = new();

    [Theory]
    [InlineData(new int[] { }, false)]
    [InlineData(new[] { Hash }, true)]
    [InlineData(new[] { SameSlot }, false)]
    [InlineData(new[] { Negative }, false)]
    [InlineData(new[] { Hash + 1, Hash - 1 }, false)]
    [InlineData(new[] { Hash, SameSlot }, true)]
    [InlineData(new[] { SameSlot, Hash }, true)]
    public void Removal_is_told_from_one_of_another_key_of_the_slot(int[] removed, bool isRemoved)
    {
        int seen = _removals.CountOf(Hash);

        foreach (int hash in removed)
        {
            _removals.Add(hash);
        }

        Assert.Equal(isRemoved, _removals.MayHaveSince(Hash, seen));
        Assert.False(_removals.MayHaveSince(Hash, _removals.CountOf(Hash)));
    }

    // Which keys they were is not known any more: an answer loses its place rather than that a removal is lost.
    [Fact]
    public void Several_removals_of_other_keys_of_the_slot_count_as_one_of_this_key()
    {
        int seen = _removals.CountOf(Hash);

        _removals.Add(SameSlot);
        _removals.Add(SameSlot);

        Assert.True(_removals.MayHaveSince(Hash, seen));
    }

    [Fact]
    public void Removals_at_the_same_time_are_all_counted()
    {
        int seen = _removals.CountOf(Hash);

        Parallel.For(0, 1000, _ => _removals.Add(SameSlot));

        Assert.Equal(1000, _removals.CountOf(Hash) - seen);
    }
}
