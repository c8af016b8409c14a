using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

/// <summary>What a hit does in this assembly costs no memory.</summary>
public sealed class HitAllocationTests : IDisposable
{
    private const int SliceBytes = 16;
    private const int Rounds = 1000;
    private const int Batches = 5;

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Look_up_lease_and_release_allocate_nothing()
    {
        var index = new ObjectIndex();
        var generation = StoredObjects.Generation(_store, slices: 1, SliceBytes);
        index.Publish(generation);
        await StoredObjects.AddAsync(_store, generation, sliceIndex: 0);
        var now = Instant.ByWallClock(DateTimeOffset.UnixEpoch.AddSeconds(1));
        var fields = new FieldTable();

        Assert.Equal(0, BytesAllocatedBy(() =>
        {
            bool isHit = index.TryGet("/file"u8, fields, out var found) && found.Response.Freshness.IsFreshAt(now);
            isHit &= found!.TryLease(0, out var slice);
            isHit &= slice!.Map(0, SliceBytes).Length == SliceBytes;
            slice.Release();
            return isHit;
        }));
    }

    [Fact]
    public void Plan_and_its_enumeration_allocate_nothing()
    {
        var grid = new SliceGrid(SliceBytes);
        Assert.Equal(0, BytesAllocatedBy(() =>
        {
            int taken = 0;
            foreach (var part in SlicePlanner.Plan(grid, new ByteRange(5, 500), 1000))
            {
                taken += part.TakeBytes;
            }

            return taken == 495;
        }));
    }

    // The least of some batches of rounds. Memory that the work takes is taken in each of them; what the runtime takes for itself on this
    // thread, once and at a moment of its own, is in one.
    private static long BytesAllocatedBy(Func<bool> work)
    {
        // The first rounds compile and warm up.
        Run(work);
        long least = long.MaxValue;
        for (int batch = 0; batch < Batches; batch++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            bool isDone = Run(work);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(isDone);
        }

        return least;
    }

    private static bool Run(Func<bool> work)
    {
        bool isDone = true;
        for (int round = 0; round < Rounds; round++)
        {
            isDone &= work();
        }

        return isDone;
    }
}
