using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>Many threads on a store that is far too small: what is leased keeps its bytes, and in the end nothing is lost.</summary>
public class SliceStoreConcurrencyTests
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int Slices = 64;

    // Arbitrary; about a second on two cores.
    private const int Rounds = 4000;

    // The second store is so small that what its threads hold at one moment is all of it, and at the next nothing.
    [Theory]
    [InlineData(24, 0)]
    [InlineData(3, 24)]
    public async Task Leased_slices_keep_their_bytes_while_others_evict_drop_and_retire(int capacityUnits, int overflowUnits)
    {
        using var store = SliceStore.CreateInMemory(capacityUnits * Unit, TimeProvider.System, overflowUnits * Unit);
        var box = new Box { Generation = NewGeneration(store) };
        var workers = Enumerable.Range(1, 4).Select(seed => Task.Run(() => WorkAsync(store, box, new Random(seed)))).ToArray();

        await Deadline.WithinAsync(Task.WhenAll(workers), "four workers");

        box.Generation.Retire();
        await Eventually.TrueAsync(
            () => store is { UsedBytes: 0, OverflowBytes: 0 }, () => $"{store.UsedBytes} and {store.OverflowBytes} bytes are still taken");
        Assert.Equal(0, store.SliceCount);
        Assert.Equal(overflowUnits > 0, box.Transients > 0);
        Assert.NotNull(await store.ReserveAsync(capacityUnits / 3 * 2 * Unit));
        Assert.False(store.Overflow.IsThere);
    }

    private static Generation NewGeneration(SliceStore store) => StoredObjects.Generation(store, Slices, 2 * Unit);

    private static async Task WorkAsync(SliceStore store, Box box, Random random)
    {
        var marker = new byte[2 * Unit];
        for (int round = 0; round < Rounds; round++)
        {
            var generation = box.Generation;
            int sliceIndex = random.Next(Slices);
            if (generation.TryLease(sliceIndex, out var slice))
            {
                AssertUniform(slice);
                if (random.Next(8) == 0)
                {
                    generation.Drop(slice);
                    AssertUniform(slice);
                }

                slice.Release();
            }
            else if (await store.ReserveAsync(random.Next(1, 2 * Unit)) is { } reserved)
            {
                var bytes = marker.AsMemory(0, reserved.Slice.LengthBytes);
                bytes.Span.Fill((byte)random.Next(256));
                await reserved.WriteAsync(bytes, 0);
                Interlocked.Add(ref box.Transients, reserved.Slice.IsTransient ? 1 : 0);
                AssertUniform(reserved.Slice);
                StoredObjects.Commit(generation, reserved.Slice, sliceIndex);
            }

            if (random.Next(100) == 0)
            {
                var retired = Interlocked.Exchange(ref box.Generation, NewGeneration(store));
                retired.Retire();
            }
        }
    }

    // Every writer fills its slice with one byte value: an extent that two share shows both.
    private static void AssertUniform(StoredSlice slice)
    {
        var bytes = slice.Map(0, slice.LengthBytes).Span;
        Assert.Equal(-1, bytes.IndexOfAnyExcept(bytes[0]));
    }

    private sealed class Box
    {
        public required Generation Generation;
        public int Transients;
    }
}
