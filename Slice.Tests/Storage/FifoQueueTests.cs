using CsCheck;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

public sealed class FifoQueueTests : IDisposable
{
    private readonly EvictionBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void Oldest_of_an_empty_queue_is_null() => Assert.Null(new FifoQueue(SliceQueue.Small).TakeOldest());

    [Theory]
    [InlineData(0, new[] { 1, 2 })]
    [InlineData(1, new[] { 0, 2 })]
    [InlineData(2, new[] { 0, 1 })]
    public void Removed_slice_is_passed_over_wherever_it_stands(int removed, int[] left)
    {
        var queue = new FifoQueue(SliceQueue.Main);
        var slices = Enumerable.Range(0, 3).Select(_bed.Slice).ToArray();
        Array.ForEach(slices, queue.Add);

        queue.Remove(slices[removed]);

        Assert.Equal(2, queue.Count);
        Assert.Equal(2 * ExtentAllocator.UnitBytes, queue.Bytes);
        Assert.Equal(left, TakeAll(queue));
        Assert.Equal(0, queue.Bytes);
    }

    [Fact]
    public void Queue_agrees_with_a_list() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 1000]).Array[0, 400].Sample(steps =>
        {
            var queue = new FifoQueue(SliceQueue.Small);
            var model = new List<StoredSlice>();
            foreach (var (step, choice) in steps)
            {
                switch (step)
                {
                    case 0 or 1:
                        model.Add(_bed.Slice(model.Count));
                        queue.Add(model[^1]);
                        break;
                    case 2 when model.Count > 0:
                        var removed = model[choice % model.Count];
                        model.Remove(removed);
                        queue.Remove(removed);
                        break;
                    case 3 when model.Count > 0 && choice % 2 == 0:
                        Assert.Same(model[0], queue.Oldest);
                        queue.Rotate();
                        model.Add(model[0]);
                        model.RemoveAt(0);
                        break;
                    default:
                        var oldest = queue.TakeOldest();
                        Assert.Same(model.FirstOrDefault(), oldest);
                        model.Remove(oldest!);
                        break;
                }

                Assert.Equal(model.Count, queue.Count);
            }
        });

    [Fact]
    public void Slices_that_are_leaving_are_never_many_more_than_those_that_stay()
    {
        var queue = new FifoQueue(SliceQueue.Small);
        var staying = _bed.Slice(0);
        queue.Add(staying);
        for (int number = 1; number < 10_000; number++)
        {
            // Behind one that stays: the old end never meets them.
            var slice = _bed.Slice(number);
            queue.Add(slice);
            queue.Remove(slice);
        }

        int linked = 0;
        for (var slice = staying; slice is not null; slice = slice.Next)
        {
            linked++;
        }

        Assert.InRange(linked, 1, 4);
        Assert.Equal(1, queue.Count);
    }

    private static List<int> TakeAll(FifoQueue queue)
    {
        var taken = new List<int>();
        while (queue.TakeOldest() is { } slice)
        {
            Assert.Equal(SliceQueue.None, slice.Queue);
            taken.Add(slice.SliceIndex);
        }

        return taken;
    }
}
