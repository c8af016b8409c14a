using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// The numbers beside a cache on disk: never newer than the removals that they stand for, and used only where that holds.
/// </summary>
public sealed class TierMemoryTests : IDisposable
{
    private static readonly TierVersion s_fleet = TierVersion.Of("fleet"u8);
    private static readonly Guid s_boot = new("11111111-2222-3333-4444-555555555555");
    private static readonly Guid s_nextBoot = new("99999999-2222-3333-4444-555555555555");
    private static readonly HeardNews s_heard = new(7, 8);

    private readonly TestDirectory _directory = new("tier-memory");
    private readonly ManualTime _time = new();

    private string Path => _directory.Combine(StoreLayout.SharedCacheFileName);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Numbers_are_there_at_the_next_start()
    {
        await RunAsync(s_boot, async memory => await memory.EndAsync(s_heard));

        Assert.Equal(s_heard, Recall(s_boot));
        Assert.False(File.Exists(_directory.Combine(StoreLayout.NextSharedCacheFileName)));
    }

    // The directory as it is while the process runs is what a kill leaves.
    [Fact]
    public async Task Numbers_of_a_killed_process_are_there_unless_the_machine_was_started_anew()
    {
        await RunAsync(s_boot, async memory =>
        {
            await WriteAsync(memory, s_heard);
            using var killed = KilledCache.CopyOf(_directory);
            Assert.Equal(s_heard, Recall(s_boot, killed.Path));
            Assert.Null(Recall(s_nextBoot, killed.Path));
        });
    }

    [Fact]
    public async Task Numbers_of_an_orderly_stop_outlive_the_machine()
    {
        await RunAsync(s_boot, async memory => await memory.EndAsync(s_heard));

        Assert.Equal(s_heard, Recall(s_nextBoot));
    }

    // The journal was not closed by the process that wrote the file, but by one before it: what came in between is lost.
    [Fact]
    public async Task Numbers_of_an_orderly_stop_count_after_a_new_boot_only_with_the_journal_of_that_stop()
    {
        byte[] file = new HeardNewsFile(s_fleet, s_boot, IsClosed: true, s_heard).Write();
        await RunAsync(s_boot, async memory =>
        {
            await memory.EndAsync(null);
            await File.WriteAllBytesAsync(Path, file, TestContext.Current.CancellationToken);
            using var killed = KilledCache.CopyOf(_directory);
            Assert.Null(Recall(s_nextBoot, killed.Path));
        });
    }

    [Fact]
    public async Task Numbers_are_not_written_before_the_journal_is()
    {
        using var store = Open(_directory.Path);
        using var real = store.Journal;
        var journal = new HeldJournal();
        store.BeginMove(journal);
        var memory = NewMemory(store, s_boot);

        memory.Note(s_heard);
        Assert.True(journal.IsFlushing);
        Assert.False(File.Exists(Path));

        journal.Flushed.SetResult(true);
        await Eventually.TrueAsync(() => File.Exists(Path), "the file");
    }

    [Fact]
    public void Numbers_are_not_written_when_the_journal_cannot_be()
    {
        using var store = Open(_directory.Path);
        using var real = store.Journal;
        var journal = new HeldJournal();
        journal.Flushed.SetResult(false);
        store.BeginMove(journal);

        NewMemory(store, s_boot).Note(s_heard);

        Assert.True(journal.IsFlushing);
        Assert.False(File.Exists(Path));
    }

    [Fact]
    public async Task Numbers_are_written_once_a_second_and_when_they_change()
    {
        using var store = Open(_directory.Path);
        var memory = NewMemory(store, s_boot);
        await WriteAsync(memory, s_heard);

        memory.Note(new HeardNews(9, 9));
        Assert.Equal(s_heard, Written());

        _time.Advance(TierMemory.Interval);
        await WriteAsync(memory, new HeardNews(9, 9));

        File.Delete(Path);
        _time.Advance(TierMemory.Interval);
        memory.Note(new HeardNews(9, 9));
        Assert.False(File.Exists(Path));
    }

    [Fact]
    public async Task Numbers_of_another_fleet_are_none()
    {
        await RunAsync(s_boot, async memory => await memory.EndAsync(s_heard));
        using var store = Open(_directory.Path);

        Assert.Null(new TierMemory(store, TierVersion.Of("another"u8), _time) { Boot = s_boot }.Recall());
    }

    [Fact]
    public async Task Process_that_has_heard_nothing_leaves_the_numbers_of_before()
    {
        await RunAsync(s_boot, async memory => await memory.EndAsync(s_heard));
        await RunAsync(s_boot, async memory => await memory.EndAsync(null));

        Assert.Equal(s_heard, Recall(s_boot));
    }

    [Fact]
    public void Store_in_memory_has_no_numbers_and_writes_none()
    {
        using var store = SliceStore.CreateInMemory(1 << 20, _time);
        var memory = NewMemory(store, s_boot);

        memory.Note(s_heard);

        Assert.Null(memory.Recall());
    }

    [Fact]
    public void File_with_any_byte_damaged_or_cut_is_none()
    {
        byte[] file = new HeardNewsFile(s_fleet, s_boot, IsClosed: true, s_heard).Write();
        Assert.Equal(new HeardNewsFile(s_fleet, s_boot, IsClosed: true, s_heard), HeardNewsFile.Read(file));
        for (int index = 0; index < file.Length; index++)
        {
            file[index] ^= 1;
            Assert.Null(HeardNewsFile.Read(file));
            file[index] ^= 1;
            Assert.Null(HeardNewsFile.Read(file.AsSpan(0, index)));
        }

        Assert.Null(HeardNewsFile.Read([.. file, 0]));
    }

    // What a cache that begins anew has heard is nothing that speaks for it.
    [Fact]
    public async Task Cache_whose_index_cannot_be_used_begins_without_numbers()
    {
        await RunAsync(s_boot, async memory => await memory.EndAsync(s_heard));
        string index = _directory.Combine(StoreLayout.IndexFileName);
        byte[] bytes = await File.ReadAllBytesAsync(index, TestContext.Current.CancellationToken);
        bytes[30] ^= 1;
        await File.WriteAllBytesAsync(index, bytes, TestContext.Current.CancellationToken);

        Assert.Null(Recall(s_boot));
    }

    private static SliceStore Open(string path) =>
        StoreOpener.Open(path, StoredObjects.StoreBytesFor(1 << 20), new ObjectIndex(), TimeProvider.System, out _);

    private TierMemory NewMemory(SliceStore store, Guid boot) => new(store, s_fleet, _time) { Boot = boot };

    private async Task RunAsync(Guid boot, Func<TierMemory, Task> run)
    {
        using var store = Open(_directory.Path);
        await run(NewMemory(store, boot));
    }

    private HeardNews? Recall(Guid boot, string? path = null)
    {
        using var store = Open(path ?? _directory.Path);
        return NewMemory(store, boot).Recall();
    }

    private Task WriteAsync(TierMemory memory, HeardNews heard)
    {
        memory.Note(heard);
        return Eventually.TrueAsync(() => Written() == heard, "the numbers to be written");
    }

    private HeardNews? Written() => File.Exists(Path) ? HeardNewsFile.Read(File.ReadAllBytes(Path))?.Heard : null;

    // Is written when the test says so.
    private sealed class HeldJournal : ISliceJournal
    {
        public TaskCompletionSource<bool> Flushed { get; } = new();

        public bool IsFlushing { get; private set; }

        public void TenantPublished(ISliceTenant tenant)
        {
        }

        public void TenantChanged(ISliceTenant tenant)
        {
        }

        public void TenantEnded(ISliceTenant tenant)
        {
        }

        public void SliceStored(ISliceTenant tenant, StoredSlice slice)
        {
        }

        public void SliceGone(ISliceTenant tenant, int sliceIndex)
        {
        }

        public async ValueTask<bool> FlushAsync()
        {
            IsFlushing = true;
            return await Flushed.Task;
        }

        public void Dispose()
        {
        }
    }
}
