using System.Numerics;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>The store against a plain model: what is held or indexed, and which bytes it must have.</summary>
public class SliceStoreModelTests
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int SlicesPerGeneration = 6;

    private static readonly Gen<(Step Step, int Choice, int LengthBytes)[]> s_runs =
        Gen.Select(
            Gen.Frequency(
                (4, Gen.Const(Step.Reserve)),
                (4, Gen.Const(Step.Commit)),
                (1, Gen.Const(Step.GiveUp)),
                (3, Gen.Const(Step.Lease)),
                (2, Gen.Const(Step.Release)),
                (1, Gen.Const(Step.Drop)),
                (1, Gen.Const(Step.Wait)),
                (1, Gen.Const(Step.Retire))),
            Gen.Int[0, 1000],
            Gen.Int[1, 4 * Unit]).Array[0, 120];

    private enum Step
    {
        Reserve,
        Commit,
        GiveUp,
        Lease,
        Release,
        Drop,
        Wait,
        Retire,
    }

    [Theory]
    [InlineData(12, 0)]
    [InlineData(4, 6)]
    public Task Store_agrees_with_its_model(int capacityUnits, int overflowUnits) => s_runs.SampleAsync(async steps =>
    {
        var time = new FakeTimeProvider();
        using var store = SliceStore.CreateInMemory(capacityUnits * Unit, time, overflowUnits * Unit);
        var model = new Model(store, time);
        foreach (var (step, choice, lengthBytes) in steps)
        {
            await model.ApplyAsync(step, choice, lengthBytes);
            model.AssertAgrees();
        }

        await model.EndAsync();
    });

    private sealed class Model(SliceStore store, FakeTimeProvider time)
    {
        private readonly List<StoredSlice> _filling = [];
        private readonly List<StoredSlice> _leased = [];
        private readonly Dictionary<(Generation Generation, int SliceIndex), StoredSlice> _committed = [];
        private readonly Dictionary<StoredSlice, int> _seeds = [];
        private Generation _generation = NewGeneration(store);

        public async Task ApplyAsync(Step step, int choice, int lengthBytes)
        {
            int sliceIndex = choice % SlicesPerGeneration;
            switch (step)
            {
                case Step.Reserve:
                    await ReserveAsync(lengthBytes);
                    break;
                case Step.Commit when TryTake(_filling, choice, out var filled):
                    bool isFree = _generation.CountStored(sliceIndex, 1) == 0;
                    Assert.Equal(isFree, StoredObjects.Commit(_generation, filled, sliceIndex));
                    if (isFree)
                    {
                        _committed[(_generation, sliceIndex)] = filled;
                    }

                    break;
                case Step.GiveUp when TryTake(_filling, choice, out var given):
                    given.Release();
                    break;
                case Step.Lease:
                    Lease(sliceIndex);
                    break;
                case Step.Release when TryTake(_leased, choice, out var leased):
                    leased.Release();
                    break;
                case Step.Drop when _generation.TryLease(sliceIndex, out var dropped):
                    _generation.Drop(dropped);
                    dropped.Release();
                    break;
                case Step.Wait:
                    time.Advance(TimeSpan.FromSeconds(30));
                    break;
                case Step.Retire:
                    await RetireAsync();
                    break;
            }
        }

        public void AssertAgrees()
        {
            var indexed = Indexed();
            var live = indexed.Concat(_filling).Concat(_leased).Distinct().ToList();
            Assert.Equal(indexed.Count(slice => !slice.IsTransient), store.SliceCount);
            Assert.Equal(BytesOf(live, isTransient: false), store.UsedBytes);
            Assert.Equal(BytesOf(live, isTransient: true), store.OverflowBytes);
            Assert.True(store.UsedBytes <= store.CapacityBytes);
            Assert.True(store.OverflowBytes == 0 || store.Overflow.IsThere);
            int end = 0;
            bool isTransient = false;
            foreach (var slice in live.OrderBy(slice => slice.IsTransient).ThenBy(slice => slice.OffsetBytes))
            {
                end = slice.IsTransient == isTransient ? end : 0;
                isTransient = slice.IsTransient;
                Assert.True(slice.OffsetBytes >= end, "two live slices overlap");
                end = slice.OffsetBytes + slice.LengthBytes;
                Assert.Equal(TestContent.Bytes(0, slice.LengthBytes, _seeds[slice]), StoredObjects.Bytes(slice));
            }
        }

        public async Task EndAsync()
        {
            _filling.Concat(_leased).ToList().ForEach(slice => slice.Release());
            _filling.Clear();
            _leased.Clear();
            await RetireAsync();
            AssertAgrees();
            Assert.Equal(0, store.UsedBytes);
            Assert.Equal(0, store.OverflowBytes);

            // All in one piece again: the largest power of two that fits. Nothing needs the overflow any more.
            var whole = await store.ReserveAsync((int)BitOperations.RoundUpToPowerOf2((uint)(store.CapacityBytes / 2) + 1));
            Assert.False(whole!.Slice.IsTransient);
            time.Advance(TimeSpan.FromMinutes(1));
            Assert.False(store.Overflow.IsThere);
            Assert.False(store.TakesNothing);
        }

        private static Generation NewGeneration(SliceStore store) => StoredObjects.Generation(store, SlicesPerGeneration, Unit);

        private static long BytesOf(IEnumerable<StoredSlice> slices, bool isTransient) =>
            slices.Where(slice => slice.IsTransient == isTransient).Sum(slice => (long)ExtentAllocator.RoundUp(slice.LengthBytes));

        private async Task ReserveAsync(int lengthBytes)
        {
            var reservation = await store.ReserveAsync(lengthBytes);
            Assert.Equal(reservation is null || reservation.Slice.IsTransient, store.TakesNothing);
            if (store.TakesNothing)
            {
                // Refused only when there is nothing left to evict.
                Assert.All(Indexed().Where(left => !left.IsTransient || reservation is null), left => Assert.Contains(left, _leased));
            }

            if (reservation is null)
            {
                return;
            }

            var slice = reservation.Slice;
            _seeds[slice] = _seeds.Count;
            await reservation.WriteAsync(TestContent.Bytes(0, lengthBytes, _seeds[slice]), 0);
            _filling.Add(slice);
        }

        private void Lease(int sliceIndex)
        {
            bool isStored = _generation.CountStored(sliceIndex, 1) == 1;
            Assert.Equal(isStored, _generation.TryLease(sliceIndex, out var slice));
            if (isStored)
            {
                Assert.Same(_committed[(_generation, sliceIndex)], slice);
                _leased.Add(slice!);
            }
        }

        private async Task RetireAsync()
        {
            var retired = _generation;
            retired.Retire();
            var held = _filling.Concat(_leased).Distinct().ToList();
            long heldBytes = BytesOf(held, isTransient: false);
            long overflowBytes = BytesOf(held, isTransient: true);
            await Eventually.TrueAsync(
                () => retired.StoredSlices == 0
                    && store.SliceCount == 0
                    && store.UsedBytes == heldBytes
                    && store.OverflowBytes == overflowBytes,
                () => $"{store.SliceCount} slices, {store.UsedBytes} bytes taken, {heldBytes} held");
            Assert.True(retired.IsRetired);
            _generation = NewGeneration(store);
        }

        private List<StoredSlice> Indexed() =>
            [.. _committed.Where(pair => IsIndexed(pair.Key.Generation, pair.Key.SliceIndex, pair.Value)).Select(pair => pair.Value)];

        private static bool IsIndexed(Generation generation, int sliceIndex, StoredSlice slice)
        {
            if (!generation.TryLease(sliceIndex, out var stored))
            {
                return false;
            }

            int uses = slice.Uses;
            stored.Release();
            slice.Uses = uses;
            return stored == slice;
        }

        private static bool TryTake(List<StoredSlice> held, int choice, out StoredSlice slice)
        {
            slice = null!;
            if (held.Count == 0)
            {
                return false;
            }

            slice = held[choice % held.Count];
            held.RemoveAt(choice % held.Count);
            return true;
        }
    }
}
