using Slice.Core.Storage;

namespace Slice.Tests.Storage;

public sealed class GhostTableTests
{
    private readonly GhostTable _ghosts = new();

    [Fact]
    public void Ghost_is_met_once()
    {
        _ghosts.Add(7);
        Assert.True(_ghosts.Remove(7));
        Assert.False(_ghosts.Remove(7));
        Assert.False(_ghosts.Remove(8));
    }

    [Fact]
    public void Most_of_the_last_capacity_is_remembered_and_what_is_older_forgotten()
    {
        _ghosts.EnsureCapacity(8192);
        for (ulong identity = 0; identity < 40_000; identity++)
        {
            _ghosts.Add(identity);
        }

        int recent = Enumerable.Range(40_000 - 4096, 4096).Count(identity => _ghosts.Remove((ulong)identity));
        Assert.InRange(recent, 4096 * 90 / 100, 4096);
        int old = Enumerable.Range(0, 20_000).Count(identity => _ghosts.Remove((ulong)identity));
        Assert.InRange(old, 0, 20);
    }

    [Fact]
    public void Slice_that_was_never_evicted_is_hardly_ever_taken_for_a_ghost()
    {
        _ghosts.EnsureCapacity(4096);
        for (ulong identity = 0; identity < 4096; identity++)
        {
            _ghosts.Add(identity);
        }

        int wrong = Enumerable.Range(1_000_000, 100_000).Count(identity => _ghosts.Remove((ulong)identity));
        Assert.InRange(wrong, 0, 100);
    }

    [Theory]
    [InlineData(1, 1024)]
    [InlineData(1024, 1024)]
    [InlineData(1025, 2048)]
    [InlineData(3_000_000, 1 << 22)]
    public void Capacity_is_the_next_power_of_two(int slices, int capacity)
    {
        _ghosts.EnsureCapacity(slices);
        Assert.Equal(capacity, _ghosts.Capacity);
    }
}
