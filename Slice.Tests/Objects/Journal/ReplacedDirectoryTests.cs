using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>
/// <c>mv CACHE CACHE.old; mkdir CACHE</c> under a store: it begins anew at the path, and what another process has there stays its own.
/// </summary>
public sealed class ReplacedDirectoryTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const long CapacityBytes = 16 * Unit;

    private readonly TestDirectory _directory = new("replaced");
    private readonly ManualTime _time = new();

    private string Cache => _directory.Combine("cache");

    private string Aside => _directory.Combine("aside");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Store_begins_anew_in_the_directory_that_took_the_place_of_its_own()
    {
        var index = new ObjectIndex();
        using (var store = Open(index))
        {
            // Not on the journal's thread, which the end of the test waits for.
            var begunAnew = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            store.HasBegunAnew = begunAnew.SetResult;
            var before = await StoreAsync(store, index, "/before", seed: 1);
            Assert.True(before.TryLease(0, out var leased));
            Directory.Move(Cache, Aside);
            Directory.CreateDirectory(Cache);

            await Deadline.WithinAsync(begunAnew.Task, "the store begins anew");

            Assert.Equal(0, index.Count);
            Assert.Equal(TestContent.Bytes(0, Unit, seed: 1), StoredObjects.Bytes(leased));
            leased.Release();
            await StoreAsync(store, index, "/after", seed: 2);
        }

        var found = new ObjectIndex();
        using var next = Open(found);
        var after = Assert.Single(found.Generations);
        Assert.Equal(StoredObjects.Key("/after").ToString(), after.Key.ToString());
        Assert.True(after.TryLease(0, out var slice));
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 2), StoredObjects.Bytes(slice));
        slice.Release();
    }

    // Both orders: it stops before it has noticed, and it has been told no by the lock of the other.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B46")]
    public async Task Cache_of_another_process_in_its_place_is_left_as_it_is(bool isNoticed)
    {
        var index = new ObjectIndex();
        var store = Open(index);
        var refused = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Writing.Changed = reason => _ = reason?.Contains("in use by another", StringComparison.Ordinal) == true
            && refused.TrySetResult(reason);
        await StoreAsync(store, index, "/first", seed: 1);
        var otherIndex = new ObjectIndex();
        using (var other = OpenInItsPlace(otherIndex))
        {
            await StoreAsync(other, otherIndex, "/other", seed: 2);
            string path = Path.Combine(Cache, StoreLayout.IndexFileName);
            await Eventually.TrueAsync(() => File.Exists(path), "the other has an index");
            var theirs = FileIdentity.At(path, out _);
            if (isNoticed)
            {
                string? reason = await Deadline.WithinAsync(refused.Task, "the directory is refused");
                Assert.Contains($"{Cache}: the directory is in use by another process", reason, StringComparison.Ordinal);
            }

            store.Dispose();

            Assert.Equal(theirs, FileIdentity.At(path, out _));
            Assert.True(other.AreFilesInPlace);
            Assert.Equal(1, otherIndex.Count);
        }

        var found = new ObjectIndex();
        using var next = Open(found);
        Assert.Equal(StoredObjects.Key("/other").ToString(), Assert.Single(found.Generations).Key.ToString());
    }

    // On a busy machine the store may see that its directory is gone, and begin anew, before the other opens the new one: once more then.
    private SliceStore OpenInItsPlace(ObjectIndex index)
    {
        for (int attempt = 0; ; attempt++)
        {
            Directory.Move(Cache, $"{Aside}-{attempt}");
            try
            {
                return Open(index);
            }
            catch (CacheDirectoryException) when (attempt < 20)
            {
                Assert.True(Directory.Exists(Cache));
            }
        }
    }

    private SliceStore Open(ObjectIndex index)
    {
        var store = StoreOpener.Open(Cache, CapacityBytes, index, _time, IndexWriter.DefaultMinRewriteBytes, out _);
        store.TenantEmptied = index.RemoveEmptied;
        return store;
    }

    private static async Task<Generation> StoreAsync(SliceStore store, ObjectIndex index, string target, int seed)
    {
        var generation = StoredObjects.Generation(store, slices: 1, Unit, target: target);
        index.Publish(generation);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0, seed);
        return generation;
    }
}
