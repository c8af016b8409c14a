using Microsoft.Extensions.Time.Testing;
using Slice.Core.Storage;

namespace Slice.Tests.Storage;

public sealed class EvictionQueueTests : IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(64 << 10, new FakeTimeProvider());
    private readonly EvictionQueue _queue = new();
    private readonly List<StoredSlice> _slices = [];

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Victim_is_the_oldest()
    {
        await QueueAsync(3);
        Assert.Equal([0, 1, 2], TakeAll());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Victim_of_an_empty_queue_is_null() => Assert.Null(_queue.TakeVictim());

    [Fact]
    public async Task Victim_that_was_used_gets_one_second_chance()
    {
        await QueueAsync(3);
        _slices[0].WasUsed = true;
        Assert.Equal([1, 2, 0], TakeAll());
    }

    [Fact]
    public async Task Victim_is_found_when_every_slice_was_used()
    {
        await QueueAsync(3);
        _slices.ForEach(slice => slice.WasUsed = true);
        Assert.Equal([0, 1, 2], TakeAll());
    }

    [Fact]
    public async Task Victim_is_never_in_use()
    {
        await QueueAsync(3);
        Assert.True(_slices[0].TryLease());
        Assert.True(_slices[2].TryLease());
        Assert.Equal([1], TakeAll());
        Assert.Equal(2, _queue.Count);
        _slices[2].Release();
        Assert.Equal([2], TakeAll());
    }

    [Theory]
    [InlineData(0, new[] { 1, 2 })]
    [InlineData(1, new[] { 0, 2 })]
    [InlineData(2, new[] { 0, 1 })]
    public async Task Removed_slice_is_no_victim(int removed, int[] left)
    {
        await QueueAsync(3);
        _queue.Remove(_slices[removed]);
        _queue.Remove(_slices[removed]);
        Assert.Equal(2, _queue.Count);
        Assert.Equal(left, TakeAll());
    }

    private async Task QueueAsync(int count)
    {
        for (int index = 0; index < count; index++)
        {
            var slice = await _store.ReserveAsync(1);
            Assert.NotNull(slice);
            _slices.Add(slice);
            _queue.Add(slice);
        }
    }

    private List<int> TakeAll()
    {
        var taken = new List<int>();
        while (_queue.TakeVictim() is { } victim)
        {
            taken.Add(_slices.IndexOf(victim));
        }

        return taken;
    }
}
