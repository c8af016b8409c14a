using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// An instance with a cache on disk that was stopped or killed goes on from the news that it has heard: what others removed meanwhile is
/// gone, and everything else is used as it is.
/// </summary>
public sealed class StoppedInstanceTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly TestDirectory _directory = new("stopped-instance");
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600", "Cache-Tag: red"] };
    private readonly RangeFile _other = new(16, seed: 9) { ExtraFields = ["Cache-Control: max-age=600", "Cache-Tag: green"] };
    private TestDirectory _used;

    public StoppedInstanceTests()
    {
        _used = _directory;
        _origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Target.StartsWith("/other", StringComparison.Ordinal)
                ? _other.AnswerAsync(exchange)
                : _file.AnswerAsync(exchange));
    }

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        if (_used != _directory)
        {
            _used.Dispose();
        }

        _directory.Dispose();
    }

    /// <summary>How the instance ends, and the ways to remove what is stored: the target and the fields of a PURGE.</summary>
    public static TheoryData<bool, string, string> Purges { get; } = new()
    {
        { false, "/a/file", "" },
        { false, "/a/", "X-Purge-Pattern: prefix" },
        { false, "/", "X-Purge-Tag: red" },
        { true, "/a/file", "" },
        { true, "/a/", "X-Purge-Pattern: prefix" },
        { true, "/", "X-Purge-Tag: red" },
    };

    // The validator stays the same: a validation would bring back what was purged.
    [Theory]
    [MemberData(nameof(Purges))]
    public async Task Object_that_another_purged_meanwhile_is_gone_and_others_are_used_without_a_request(
        bool isKilled, string target, string field)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled);
        _file.Seed = 2;
        await PurgeAsync(fleet[0], target, field.Length == 0 ? [] : [field]);

        var again = await RestartAsync(fleet);

        await ExpectAsync(again, "/a/file", seed: 2);
        await ExpectUntouchedAsync(again);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_that_another_purged_meanwhile_is_gone(bool isKilled)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled);
        (_file.Seed, _other.Seed) = (2, 3);
        await PurgeAsync(fleet[0], "/*", "X-Purge-All: true");

        var again = await RestartAsync(fleet);

        await ExpectAsync(again, "/a/file", seed: 2);
        await ExpectAsync(again, "/other", seed: 3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Object_that_another_found_changed_meanwhile_is_gone(bool isKilled)
    {
        await using var fleet = await StartAsync();
        await ExpectAsync(fleet[0], "/a/file", seed: 1);
        await EndAsync(fleet, isKilled);
        _file.ChangeTo(2);
        var meter = fleet[0].Composition.Tier!.Meter;
        long told = meter.NewsTold;
        await fleet[0].GetAsync("/a/file", "Cache-Control: no-cache");
        await Eventually.TrueAsync(() => meter.NewsTold > told, "the news to be told");

        var again = await RestartAsync(fleet);

        await ExpectAsync(again, "/a/file", seed: 2);
        await ExpectUntouchedAsync(again);
    }

    [Theory]
    [InlineData("/a/file", "")]
    [InlineData("/a/", "X-Purge-Pattern: prefix")]
    public async Task Object_that_another_purged_softly_meanwhile_is_validated(string target, string field)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled: false);
        string[] fields = field.Length == 0 ? ["X-Purge-Soft: true"] : [field, "X-Purge-Soft: true"];
        await PurgeAsync(fleet[0], target, fields);

        var again = await RestartAsync(fleet);

        int before = _file.RequestCount;
        await ExpectAsync(again, "/a/file", seed: 1);
        Assert.True(_file.RequestCount > before);
        await ExpectUntouchedAsync(again);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Instance_that_nothing_happened_to_uses_all_it_has_without_a_request(bool isKilled)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled);

        var again = await RestartAsync(fleet);

        await ExpectUntouchedAsync(again);
        Assert.Equal(0, again.Composition.Tier!.Meter.NewsLost);
    }

    // Purged before, so that the names of its slices in the tier say of which time they are.
    [Theory]
    [InlineData("/a/file", "")]
    [InlineData("/", "X-Purge-Tag: red")]
    public async Task Instance_finds_in_the_tier_what_it_has_lost_of_an_object(string target, string field)
    {
        await using var fleet = await StartAsync();
        await PurgeAsync(fleet[0], target, field.Length == 0 ? [] : [field]);
        _file.Seed = 2;
        await ExpectAsync(fleet[0], "/a/file", seed: 2);
        await Eventually.TrueAsync(
            () => _server.Keys.Count(static key => key.Contains(":s:", StringComparison.Ordinal)
                && !key.EndsWith(":t", StringComparison.Ordinal)) >= 12,
            "the slices of both times and of the other file in the tier");
        var part = await fleet[1].GetAsync("/a/file", "Range: bytes=0-3");
        Assert.Equal(TestContent.Bytes(0, 4, 2), part.Body);
        await EndAsync(fleet, isKilled: false);

        var again = await RestartAsync(fleet);

        int before = _file.RequestCount;
        await ExpectAsync(again, "/a/file", seed: 2);
        Assert.Equal(before, _file.RequestCount);
    }

    public static TheoryData<string> Losses { get; } = ["entries", "counters"];

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Instance_that_news_are_lost_for_validates_all_it_has_and_says_so(string loss)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled: false);
        await PurgeAsync(fleet[0], "/a/none");
        _server.Forget(key => IsOfLog(key) && (loss == "counters" || char.IsAsciiDigit(key[^1]) && key.Count(one => one == ':') == 3));

        var again = await RestartAsync(fleet);

        await ExpectValidatedAsync(again);
        Assert.Equal(1, again.Composition.Tier!.Meter.NewsLost);
        Assert.Contains(again.Log, static line => line.Contains("all that is cached here is validated", StringComparison.Ordinal));
    }

    // Who is there sees it, and fetches anew what others have cached: nobody can tell of the change.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Object_that_changed_after_a_server_of_several_had_lost_it_meanwhile_is_validated(bool isKilled)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled);
        _file.ChangeTo(2);
        _server.Forget(static key => !IsOfLog(key));
        await Eventually.TrueAsync(() => fleet[0].Composition.Tier!.Meter.NewsLost > 0, "the loss to be seen");
        await ExpectAsync(fleet[0], "/a/file", seed: 2);

        var again = await RestartAsync(fleet);

        await ExpectAsync(again, "/a/file", seed: 2);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("damaged")]
    [InlineData("cut")]
    [InlineData("empty")]
    public async Task Instance_whose_file_tells_nothing_validates_all_it_has(string state)
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled: false);
        Spoil(_used.Combine(StoreLayout.SharedCacheFileName), state);

        var again = await RestartAsync(fleet);

        await ExpectValidatedAsync(again);
        Assert.Equal(0, again.Composition.Tier!.Meter.NewsLost);
    }

    // What is found in the directory counts as asked for before everything that this process has heard, or made stale as it began.
    [Fact]
    public async Task Instance_whose_directory_can_be_used_later_validates_what_is_found_there()
    {
        await using var fleet = await StartAsync();
        await EndAsync(fleet, isKilled: false);
        var holder = HeldDirectory.Lock(_used.Path);
        try
        {
            var again = await fleet.AddAsync(also: options => OnDisk(options) with
            {
                Store = OnDisk(options).Store with { WaitsForLock = true },
            });
            _file.Seed = 2;
            await PurgeAsync(fleet[0], "/a/file");
            holder.Dispose();
            await Eventually.TrueAsync(() => again.Composition.Store.IsPersistent, "the store to move in");

            await ExpectAsync(again, "/a/file", seed: 2);
            await ExpectValidatedAsync(again);
        }
        finally
        {
            holder.Dispose();
        }
    }

    private static bool IsOfLog(string key) =>
        key.StartsWith("pslice:n:", StringComparison.Ordinal) || key.StartsWith("pslice:p:", StringComparison.Ordinal);

    private static void Spoil(string path, string state)
    {
        byte[] bytes = File.ReadAllBytes(path);
        switch (state)
        {
            case "missing":
                File.Delete(path);
                break;
            case "damaged":
                bytes[50] ^= 1;
                File.WriteAllBytes(path, bytes);
                break;
            case "cut":
                File.WriteAllBytes(path, bytes[..^1]);
                break;
            default:
                File.WriteAllBytes(path, []);
                break;
        }
    }

    // The first in memory, the second on disk.
    private async Task<Fleet> StartAsync()
    {
        var fleet = await Fleet.StartAsync(_origin.Uri, 1, () => _server.Open());
        var onDisk = await fleet.AddAsync(also: OnDisk);
        await ExpectAsync(onDisk, "/a/file", seed: 1);
        await ExpectAsync(onDisk, "/other", seed: 9);
        await Eventually.TrueAsync(() => onDisk.Composition.Store.SliceCount == 8, "all to be stored");
        return fleet;
    }

    private SliceOptions OnDisk(SliceOptions options) => options with
    {
        Store = options.Store with { OnDisk = true, Directory = _used.Path, DiskSizeBytes = 16 << 20 },
    };

    // A kill leaves the files as they are at some moment: a copy of them is what the next start finds.
    private async Task EndAsync(Fleet fleet, bool isKilled)
    {
        var last = fleet[1];
        if (isKilled)
        {
            await Eventually.TrueAsync(
                () => File.Exists(_directory.Combine(StoreLayout.SharedCacheFileName)), "the numbers to be on disk");
            Assert.True(await last.Composition.Store.FlushAsync());
            _used = KilledCache.CopyOf(_directory);
        }

        await fleet.RemoveAsync(1);
    }

    private Task<ProxyUnderTest> RestartAsync(Fleet fleet) => fleet.AddAsync(also: OnDisk);

    // Neither the origin nor the tier is asked.
    private async Task ExpectUntouchedAsync(ProxyUnderTest proxy)
    {
        int before = _other.RequestCount;
        long looked = LooksOf(proxy);

        await ExpectAsync(proxy, "/other", seed: 9);

        Assert.Equal(before, _other.RequestCount);
        Assert.Equal(looked, LooksOf(proxy));
    }

    // What is fresh in the tier is as good as a validation at the origin.
    private static async Task ExpectValidatedAsync(ProxyUnderTest proxy)
    {
        long looked = LooksOf(proxy);
        await ExpectAsync(proxy, "/other", seed: 9);
        Assert.True(LooksOf(proxy) > looked);
    }

    private static long LooksOf(ProxyUnderTest proxy) => proxy.Composition.Tier!.Meter.Reads.Read().Sum(static read => read.Value);

    // 404: nobody who is there has it.
    private static async Task PurgeAsync(ProxyUnderTest proxy, string target, params string[] fields) =>
        Assert.True((await proxy.PurgeAsync(target, fields)).StatusCode is 200 or 404);

    private static async Task ExpectAsync(ProxyUnderTest proxy, string target, int seed)
    {
        var answer = await proxy.GetAsync(target);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 16, seed), answer.Body);
    }
}
