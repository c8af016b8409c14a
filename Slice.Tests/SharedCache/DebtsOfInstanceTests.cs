using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// What an instance with a cache on disk saw while the shared store was away, and did not live to tell, its next start tells.
/// </summary>
public sealed class DebtsOfInstanceTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly Weather _weather = new();
    private readonly TestDirectory _directory = new("debts");
    private readonly TestDirectory _copy = new("debts-killed");
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600", "Cache-Tag: red"] };

    public DebtsOfInstanceTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        _directory.Dispose();
        _copy.Dispose();
    }

    /// <summary>How the instance ends, and what it has seen: the field of a PURGE, or null for a change.</summary>
    public static TheoryData<bool, string?> Acts { get; } = new()
    {
        { true, null },
        { true, "" },
        { true, "X-Purge-Tag: red" },
        { false, null },
        { false, "" },
        { false, "X-Purge-Tag: red" },
    };

    [Theory]
    [MemberData(nameof(Acts))]
    public async Task Others_hear_from_the_next_start_what_the_instance_could_not_tell(bool isKilled, string? purge)
    {
        await using var fleet = await StartAsync();
        await ComeAsync(isAway: true, fleet[0], fleet[1]);
        await ActAsync(fleet[1], purge);
        if (isKilled)
        {
            await Eventually.TrueAsync(() => File.Exists(FileIn(_directory)), "the news to be on disk");
            Assert.True(await fleet[1].Composition.Store.FlushAsync());
            KilledCache.Copy(_directory, _copy);
        }

        await fleet.RemoveAsync(1);
        await ComeAsync(isAway: false, fleet[0]);
        await ExpectAsync(fleet[0], seed: 1);
        var used = isKilled ? _copy : _directory;

        var again = await fleet.AddAsync(also: options => OnDisk(options, used));

        await HearsAsync(fleet[0]);
        await ExpectAsync(again, seed: 2);
        await Eventually.TrueAsync(() => !File.Exists(FileIn(used)), "the file to be gone");
    }

    // The journal comes to the disk a moment later than the removal to the file, and the process is killed in between.
    [Theory]
    [InlineData("")]
    [InlineData("X-Purge-Tag: red")]
    public async Task Removal_that_is_on_disk_and_not_in_the_journal_is_made_up_for(string purge)
    {
        await using var fleet = await StartAsync();
        await ComeAsync(isAway: true, fleet[0], fleet[1]);
        await Eventually.TrueAsync(() => fleet[1].Composition.Store.SliceCount == 4, "all to be stored");
        Assert.True(await fleet[1].Composition.Store.FlushAsync());
        KilledCache.Copy(_directory, _copy);
        await ActAsync(fleet[1], purge);
        await Eventually.TrueAsync(() => File.Exists(FileIn(_directory)), "the news to be on disk");
        File.Copy(FileIn(_directory), FileIn(_copy));
        await fleet.RemoveAsync(1);
        await ComeAsync(isAway: false, fleet[0]);

        var again = await fleet.AddAsync(also: options => OnDisk(options, _copy));

        await ExpectAsync(again, seed: 2);
        await HearsAsync(fleet[0]);
    }

    // As by somebody who empties the cache.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task File_that_was_removed_is_there_again(bool isAtTheEnd)
    {
        await using var fleet = await StartAsync();
        await ComeAsync(isAway: true, fleet[0], fleet[1]);
        await ActAsync(fleet[1], "");
        await Eventually.TrueAsync(() => File.Exists(FileIn(_directory)), "the news to be on disk");
        File.Delete(FileIn(_directory));

        if (isAtTheEnd)
        {
            await fleet.RemoveAsync(1);
            Assert.True(File.Exists(FileIn(_directory)));
        }

        await Eventually.TrueAsync(() => File.Exists(FileIn(_directory)), "the file to be there again");
    }

    [Fact]
    public async Task What_was_told_when_the_store_came_back_is_not_told_once_more()
    {
        await using var fleet = await StartAsync();
        await ComeAsync(isAway: true, fleet[0], fleet[1]);
        await ActAsync(fleet[1], "");
        await Eventually.TrueAsync(() => File.Exists(FileIn(_directory)), "the news to be on disk");
        await ComeAsync(isAway: false, fleet[0], fleet[1]);
        await Eventually.TrueAsync(() => !File.Exists(FileIn(_directory)), "the file to be gone");
        await HearsAsync(fleet[0]);
        await fleet.RemoveAsync(1);

        var again = await fleet.AddAsync(also: options => OnDisk(options, _directory));

        Assert.Equal(0, again.Composition.Tier!.Meter.NewsTold);
        Assert.False(File.Exists(FileIn(_directory)));
    }

    [Fact]
    public async Task What_is_told_at_once_never_comes_to_the_disk()
    {
        await using var fleet = await StartAsync();
        using var watcher = new FileSystemWatcher(_directory.Path, StoreLayout.UntoldNewsFileName + "*") { EnableRaisingEvents = true };
        int files = 0;
        watcher.Created += (_, _) => Interlocked.Increment(ref files);
        for (int count = 0; count < 10; count++)
        {
            Assert.Equal(200, (await fleet[1].PurgeAsync("/file")).StatusCode);
        }

        // Events come in their order.
        using var last = new FileSystemWatcher(_directory.Path, "last") { EnableRaisingEvents = true };
        var seen = new TaskCompletionSource();
        last.Created += (_, _) => seen.TrySetResult();
        await File.WriteAllBytesAsync(_directory.Combine("last"), [], TestContext.Current.CancellationToken);
        await Deadline.WithinAsync(seen.Task, "the last event");
        Assert.Equal(0, files);
    }

    private static string FileIn(TestDirectory directory) => directory.Combine(StoreLayout.UntoldNewsFileName);

    // The first in memory, the second on disk; both have the object.
    private async Task<Fleet> StartAsync()
    {
        var fleet = await Fleet.StartAsync(_origin.Uri, 1, () => new WeatheredStore(_server.Open(), _weather));
        var onDisk = await fleet.AddAsync(also: options => OnDisk(options, _directory));
        await ExpectAsync(fleet[0], seed: 1);
        await ExpectAsync(onDisk, seed: 1);
        return fleet;
    }

    private static SliceOptions OnDisk(SliceOptions options, TestDirectory directory) => options with
    {
        Store = options.Store with { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 16 << 20 },
    };

    private async Task ComeAsync(bool isAway, params ProxyUnderTest[] proxies)
    {
        _weather.IsAway = isAway;
        foreach (var proxy in proxies)
        {
            await Eventually.TrueAsync(() => proxy.Composition.Tier!.State == TierState.Up != isAway, "the tier to come or go");
        }
    }

    // A PURGE that not all have heard of says so.
    private async Task ActAsync(ProxyUnderTest proxy, string? purge)
    {
        if (purge is null)
        {
            _file.ChangeTo(2);
            Assert.Equal(TestContent.Bytes(0, 16, 2), (await proxy.GetAsync("/file", "Cache-Control: no-cache")).Body);
            return;
        }

        _file.Seed = 2;
        Assert.Equal(500, (await proxy.PurgeAsync("/file", purge.Length == 0 ? [] : [purge])).StatusCode);
    }

    private static Task HearsAsync(ProxyUnderTest other) => Eventually.TrueAsync(
        async () => (await other.GetAsync("/file")).Body.SequenceEqual(TestContent.Bytes(0, 16, 2)), () => "the other to hear of it");

    private static async Task ExpectAsync(ProxyUnderTest proxy, int seed) =>
        Assert.Equal(TestContent.Bytes(0, 16, seed), (await proxy.GetAsync("/file")).Body);
}
