using System.Net;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A disk that refuses writes costs clients nothing: what is cached is served on, the rest passes by, and it is tried again.
/// </summary>
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
            _time.Advance(DiskUse.Pause);
            await AssertRightAsync(proxy, "/again");
            Assert.Single(proxy.Log, line => line.Contains("cache_writing_stopped", StringComparison.Ordinal));
        }

        _time.Advance(DiskUse.Pause - TimeSpan.FromSeconds(1));
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
            _time.Advance(DiskUse.Pause);
            await Eventually.TrueAsync(
                () => proxy.Log.Any(line => line.Contains("cache_writing_resumed", StringComparison.Ordinal)), "the index is there again");
        }

        await using var next = await StartAsync(origin);
        await AssertRightAsync(next, "/before", "HIT");
    }

    // The index on disk still says that the object is there.
    [Theory]
    [InlineData("/before")]
    [InlineData("/nothing")]
    [Trait("Behaviour", "B46")]
    public async Task Purge_that_the_disk_does_not_confirm_does_not_say_that_it_is_done(string target)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        string index = _directory.Combine(StoreLayout.IndexFileName);
        await Eventually.TrueAsync(() => File.Exists(index), "there is an index");
        await AssertRightAsync(proxy, "/before");
        await Eventually.TrueAsync(() => new FileInfo(index).Length > 200, "the object is in it");
        using (new ReadOnlyDescriptor(index))
        {
            await AssertRightAsync(proxy, "/during");
            await Eventually.TrueAsync(
                () => proxy.Log.Any(line => line.Contains("cache_writing_stopped", StringComparison.Ordinal)), "the index was tried");

            var refused = await proxy.PurgeAsync(target);
            Assert.Equal(500, refused.StatusCode);
            Assert.Contains("\"success\":false", refused.BodyText, StringComparison.Ordinal);
            Assert.Contains("repeat the PURGE", refused.BodyText, StringComparison.Ordinal);
        }

        _time.Advance(DiskUse.Pause);
        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.Contains("cache_writing_resumed", StringComparison.Ordinal)), "the index is there again");
        Assert.Equal(404, (await proxy.PurgeAsync(target)).StatusCode);
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
            await Eventually.TrueAsync(
                () => proxy.Log.Any(line => line.Contains("cache_begun_anew", StringComparison.Ordinal)), "it begins anew");
            await AssertRightAsync(proxy, "/before", "MISS");
            await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
        }

        await using var next = await StartAsync(origin);
        await AssertRightAsync(next, "/before", "HIT");
    }

    // The limit on the size of a file stands in for a disk with 80 MiB left: growing a file beyond it is refused as by a full disk.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Disk_with_less_room_than_cache_size_bounds_the_cache_and_is_said_so_once()
    {
        string[] limited =
        [
            "bash", "-c", "trap '' XFSZ; ulimit -f 81920; exec \"$@\"", "limited", "env", "DOTNET_EnableWriteXorExecute=0",
            .. ProductProcess.Command,
        ];
        _file.LengthBytes = 40 << 20;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        string yaml = $$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            enable_l2_cache: true
            l2_cache_dir: {{dir}}/cache
            cache_size: 1GiB
            """;
        await using (var product = await ProductProcess.StartAsync(limited, yaml, _directory.Path, []))
        {
            Assert.Contains("1 GiB in ", await product.LineAsync("event=listening"), StringComparison.Ordinal);
            foreach (string target in (string[])["/a", "/b", "/a", "/b"])
            {
                await AssertRightAsync(product.EndPoint, target);
            }

            Assert.Contains(
                " size=64MiB limit=1GiB retry=30s ",
                await product.LineAsync("event=cache_growth_stopped"),
                StringComparison.Ordinal);
            var metrics = await RawClient.GetAsync(product.MetricsEndPoint, "/metrics");
            Assert.Contains($"\npingora_slice_cache_allocated_bytes {64 << 20}\n", metrics.BodyText, StringComparison.Ordinal);
            Assert.Contains("\npingora_slice_cache_writable 1\n", metrics.BodyText, StringComparison.Ordinal);
            Assert.Equal(0, await product.StopAsync());
            Assert.Single(product.Lines, line => line.Contains("cache_growth_stopped", StringComparison.Ordinal));
        }

        // Without the limit: it goes on where it was.
        await using var roomy = await ProductProcess.StartAsync(yaml, _directory.Path);
        Assert.Contains(" dropped=0 ", await roomy.LineAsync("event=cache_loaded"), StringComparison.Ordinal);
        foreach (string target in (string[])["/a", "/b", "/a"])
        {
            await AssertRightAsync(roomy.EndPoint, target);
        }

        var grown = await RawClient.GetAsync(roomy.MetricsEndPoint, "/metrics");
        Assert.Contains($"\npingora_slice_cache_allocated_bytes {128 << 20}\n", grown.BodyText, StringComparison.Ordinal);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri,
        SliceBytes,
        options => options with { Store = new CacheStoreOptions { OnDisk = true, Directory = _directory.Path, DiskSizeBytes = 16 << 20 } },
        _time);

    private Task AssertRightAsync(ProxyUnderTest proxy, string target, string? xCache = null) =>
        AssertRightAsync(proxy.EndPoint, target, xCache);

    private async Task AssertRightAsync(EndPoint endPoint, string target, string? xCache = null)
    {
        using var sink = new VerifyingSink(_file.Content);
        RawResponse response = await RawClient.GetVerifiedAsync(endPoint, target, sink, Deadline.Default);
        Assert.Equal(_file.LengthBytes, sink.Count);
        if (xCache is not null)
        {
            Assert.Equal(xCache, response.Field("X-Cache"));
        }
    }
}
