using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A disk that refuses writes costs clients nothing: what is cached is served on, the rest passes by, and it is tried again.</summary>
public sealed class DiskTroubleTests : IDisposable
{
    private const int SliceBytes = 64 << 10;
    private const int Slices = 3;

    private readonly TestDirectory _directory = new("trouble");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RangeFile _file = new(SliceBytes * Slices);

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Disk_that_refuses_writes_is_left_alone_for_a_while_and_said_so_once()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await AssertRightAsync(proxy, "/before");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");

        using (new ReadOnlyDescriptor(_directory.Combine(StoreLayout.SegmentFileName(0))))
        {
            for (int number = 0; number < 4; number++)
            {
                await AssertRightAsync(proxy, $"/during-{number}");
                await AssertRightAsync(proxy, "/before", "HIT");
            }

            Assert.Equal(0, await proxy.MetricAsync("cache_writable"));
            Assert.Equal(Slices, await proxy.MetricAsync("cache_entries"));

            // Tried again, refused again: the state is the same.
            _time.Advance(StoreWriting.Pause);
            await AssertRightAsync(proxy, "/again");
            Assert.Single(proxy.Log, line => line.Contains("cache_writing_stopped", StringComparison.Ordinal));
        }

        _time.Advance(StoreWriting.Pause - TimeSpan.FromSeconds(1));
        await AssertRightAsync(proxy, "/too-early");
        Assert.DoesNotContain(proxy.Log, line => line.Contains("cache_writing_resumed", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));
        await AssertRightAsync(proxy, "/after");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == 2 * Slices, () => "it is stored again");
        await AssertRightAsync(proxy, "/after", "HIT");
        Assert.Equal(1, await proxy.MetricAsync("cache_writable"));
        Assert.Single(proxy.Log, line => line.Contains("cache_writing_resumed", StringComparison.Ordinal));
        Assert.Single(proxy.Log, line => line.Contains("cache_writing_stopped", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Index_that_cannot_be_written_is_written_anew_when_it_can()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var proxy = await StartAsync(origin))
        {
            string index = _directory.Combine(StoreLayout.IndexFileName);
            await Eventually.TrueAsync(() => File.Exists(index), "there is an index");
            await AssertRightAsync(proxy, "/before");
            await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
            await Eventually.TrueAsync(() => new FileInfo(index).Length > 200, "they are in the index");
            using (new ReadOnlyDescriptor(index))
            {
                await AssertRightAsync(proxy, "/during");
                await Eventually.TrueAsync(
                    () => proxy.Log.Any(line => line.Contains("cache_writing_stopped", StringComparison.Ordinal)), "the index was tried");
            }

            await AssertRightAsync(proxy, "/before", "HIT");
            _time.Advance(StoreWriting.Pause);
            await Eventually.TrueAsync(
                () => proxy.Log.Any(line => line.Contains("cache_writing_resumed", StringComparison.Ordinal)), "the index is there again");
        }

        await using var next = await StartAsync(origin);
        await AssertRightAsync(next, "/before", "HIT");
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Directory_removed_under_it_is_made_again()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var proxy = await StartAsync(origin))
        {
            await AssertRightAsync(proxy, "/before");
            Directory.Delete(_directory.Path, recursive: true);
            await Eventually.TrueAsync(() => proxy.Log.Any(line => line.Contains("cache_begun_anew", StringComparison.Ordinal)), "it begins anew");
            await AssertRightAsync(proxy, "/before", "MISS");
            await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
        }

        await using var next = await StartAsync(origin);
        await AssertRightAsync(next, "/before", "HIT");
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri,
        SliceBytes,
        options => options with { Store = new CacheStoreOptions { OnDisk = true, Directory = _directory.Path, DiskSizeBytes = 16 << 20 } },
        _time);

    private async Task AssertRightAsync(ProxyUnderTest proxy, string target, string? xCache = null)
    {
        using var sink = new VerifyingSink(_file.Content);
        RawResponse response = await RawClient.GetVerifiedAsync(proxy.EndPoint, target, sink, Deadline.Default);
        Assert.Equal(_file.LengthBytes, sink.Count);
        if (xCache is not null)
        {
            Assert.Equal(xCache, response.Field("X-Cache"));
        }
    }
}
