using CsCheck;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>A store on disk against a plain dictionary, over any number of stops, kills and changes between them.</summary>
public sealed class StoreRestartModelTests
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int CapacityBytes = 24 * Unit;
    private const int Objects = 4;
    private const int SlicesPerObject = 8;

    private static readonly Gen<(Step Step, int Object, int Slice)[]> s_runs =
        Gen.Select(
            Gen.Frequency(
                (2, Gen.Const(Step.Publish)),
                (12, Gen.Const(Step.Store)),
                (4, Gen.Const(Step.Read)),
                (1, Gen.Const(Step.Purge)),
                (1, Gen.Const(Step.Drop)),
                (1, Gen.Const(Step.Freshen)),
                (1, Gen.Const(Step.Stop)),
                (1, Gen.Const(Step.Kill))),
            Gen.Int[0, Objects - 1],
            Gen.Int[0, SlicesPerObject - 1]).Array[1, 100];

    private enum Step
    {
        Publish,
        Store,
        Read,
        Purge,
        Drop,
        Freshen,
        Stop,
        Kill,
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    [Trait("Behaviour", "B45")]
    public Task Store_agrees_with_a_dictionary_over_restarts(long? minRewriteBytes) => s_runs.SampleAsync(
        async steps =>
        {
            using var bed = new Bed(minRewriteBytes);
            foreach (var (step, number, slice) in steps)
            {
                await bed.ApplyAsync(step, number, slice);
            }

            await bed.ApplyAsync(Step.Kill, 0, 0);
            await bed.ApplyAsync(Step.Stop, 0, 0);
        },
        iter: 60,
        threads: 2);

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    [Trait("Behaviour", "B45")]
    public async Task Changes_from_many_threads_are_all_there_after_a_restart(long? minRewriteBytes)
    {
        using var bed = new Bed(minRewriteBytes);
        for (int round = 0; round < 5; round++)
        {
            var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(() => bed.WorkAsync(new Random((round * 10) + worker), worker)));
            await Deadline.WithinAsync(Task.WhenAll(workers), "four workers");
            await bed.ApplyAsync(round % 2 == 0 ? Step.Kill : Step.Stop, 0, 0);
        }
    }

    // Slice i of the v-th version of object o has its own content; what the store has is read from the store, which evicts as it likes.
    private sealed class Bed : IDisposable
    {
        private readonly long _minRewriteBytes;
        private readonly int[] _versions = new int[Objects];
        private TestDirectory _directory = new("restart");
        private ObjectIndex _index = new();
        private SliceStore _store;

        public Bed(long? minRewriteBytes)
        {
            _minRewriteBytes = minRewriteBytes ?? IndexWriter.DefaultMinRewriteBytes;
            _store = Open();
        }

        public void Dispose()
        {
            _store.Dispose();
            _directory.Dispose();
        }

        public async Task ApplyAsync(Step step, int number, int sliceIndex)
        {
            switch (step)
            {
                case Step.Publish:
                    _versions[number]++;
                    _index.Publish(StoredObjects.Generation(_store, SlicesPerObject, Unit, target: Target(number, _versions[number])[..2]));
                    break;
                case Step.Store when Find(number) is { } generation && generation.CountStored(sliceIndex, 1) == 0:
                    if (await _store.ReserveAsync(Unit) is { } room)
                    {
                        await room.WriteAsync(TestContent.Bytes(0, Unit, Seed(number, sliceIndex)), 0);
                        room.Commit(generation, sliceIndex);
                        room.Slice.Release();
                    }

                    break;
                case Step.Read when Find(number) is { } generation:
                    AssertRight(generation, number, sliceIndex);
                    break;
                case Step.Purge:
                    _index.Remove(StoredObjects.Key(Target(number, 0)[..2]).Bytes);
                    break;
                case Step.Drop when Find(number) is { } generation && generation.TryLease(sliceIndex, out var slice):
                    generation.Drop(slice);
                    slice.Release();
                    break;
                case Step.Freshen when Find(number) is { } generation:
                    var old = generation.Response;
                    var later = old.Freshness with { ReceivedAt = Instant.ByWallClock(old.Freshness.ReceivedAt.Utc.AddSeconds(1)) };
                    generation.Freshen(new StoredResponse(old.Validator, later, [], lastModifiedDate: null, date: null));
                    break;
                case Step.Stop:
                    await RestartAsync(isKill: false);
                    break;
                case Step.Kill:
                    await RestartAsync(isKill: true);
                    break;
            }
        }

        // Each worker has an object of its own.
        public async Task WorkAsync(Random random, int number)
        {
            await ApplyAsync(Step.Publish, number, 0);
            for (int count = 0; count < 300; count++)
            {
                var step =
                    random.Next(20) switch { 0 => Step.Publish, 1 => Step.Drop, 2 => Step.Freshen, < 8 => Step.Read, _ => Step.Store };
                await ApplyAsync(step, number, random.Next(SlicesPerObject));
            }
        }

        private static string Target(int number, int version) => $"/{number}{version}";

        private int Seed(int number, int sliceIndex) => (number * 100_000) + (_versions[number] * 100) + sliceIndex;

        private SliceStore Open()
        {
            _index = new ObjectIndex();
            var store = StoreOpener.Open(_directory.Path, CapacityBytes, _index, TimeProvider.System, _minRewriteBytes, out _);
            store.TenantEmptied = _index.RemoveEmptied;
            return store;
        }

        private Generation? Find(int number) =>
            _index.TryGet(StoredObjects.Key(Target(number, 0)[..2]).Bytes, new FieldTable(), out var generation) ? generation : null;

        private void AssertRight(Generation generation, int number, int sliceIndex)
        {
            if (generation.TryLease(sliceIndex, out var slice))
            {
                Assert.True(SliceVerification.Verify(slice));
                Assert.Equal(TestContent.Bytes(0, Unit, Seed(number, sliceIndex)), StoredObjects.Bytes(slice));
                slice.Release();
            }
        }

        private async Task RestartAsync(bool isKill)
        {
            // Retired slices leave a moment later.
            await Eventually.TrueAsync(() => _store.UsedBytes == _store.SliceCount * Unit, "nothing is on the way out");
            var before = Inventory();
            if (isKill)
            {
                Assert.True(await _store.FlushAsync());
                var copy = new TestDirectory("restart");

                // An index that is being written anew takes the place of the other at any moment, and is gone when its name was just read.
                string[] paths = [_directory.Combine(StoreLayout.IndexFileName), .. StoreLayout.FindSegments(_directory.Path)];
                foreach (string path in paths)
                {
                    File.Copy(path, copy.Combine(Path.GetFileName(path)));
                }

                Dispose();
                _directory = copy;
            }
            else
            {
                _store.Dispose();
            }

            _store = Open();
            Assert.Equal(before, Inventory());
            for (int number = 0; number < Objects; number++)
            {
                for (int sliceIndex = 0; sliceIndex < SlicesPerObject && Find(number) is { } generation; sliceIndex++)
                {
                    AssertRight(generation, number, sliceIndex);
                }
            }
        }

        // Objects without a slice are of no use at the next start.
        private string Inventory() => string.Join(
            '\n',
            from number in Enumerable.Range(0, Objects)
            let generation = Find(number)
            where generation is { StoredSlices: > 0 }
            let slices = string.Join(' ', generation.Slices.Select(slice => $"{slice.SliceIndex}@{slice.OffsetBytes}"))
            select $"{number} {generation.Response.Freshness.ReceivedAt.Utc:O} {slices}");
    }
}
