using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What clients see of a cache on disk at the next start: the same bytes, and the origin is asked for what is not right.</summary>
public sealed class RestartTests : IDisposable
{
    private const int SliceBytes = 64 << 10;
    private const int Slices = 5;

    private readonly TestDirectory _directory = new("restart");
    private readonly RangeFile _file = new((SliceBytes * Slices) - 1000);

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B45")]
    public async Task Object_is_a_hit_at_the_next_start()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await StoreAsync(origin);
        await using var proxy = await StartAsync(origin);
        await AssertRightAsync(proxy, "HIT");
        await AssertRightAsync(proxy, "HIT");
        Assert.Equal(Slices, _file.RequestCount);
        Assert.Contains(proxy.Log, line => line.Contains("cache_loaded", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Slice_with_a_flipped_bit_is_fetched_anew()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await StoreAsync(origin);
        string segment = _directory.Combine(StoreLayout.SegmentFileName(0));
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[(2 * SliceBytes) + 77] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);

        await using var proxy = await StartAsync(origin);
        await AssertRightAsync(proxy);
        await AssertRightAsync(proxy, "HIT");
        Assert.Equal(Slices + 1, _file.RequestCount);
        Assert.Equal(1, await proxy.MetricAsync("cache_errors_total"));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Slices_of_a_segment_that_is_gone_are_fetched_anew()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await StoreAsync(origin);
        File.Delete(_directory.Combine(StoreLayout.SegmentFileName(0)));

        await using var proxy = await StartAsync(origin);
        await AssertRightAsync(proxy);
        await AssertRightAsync(proxy, "HIT");
        Assert.Equal(2 * Slices, _file.RequestCount);
    }

    [Theory]
    [InlineData(128 << 10)]
    [InlineData(192 << 10)]
    [Trait("Behaviour", "B47")]
    public async Task Object_stored_with_another_slice_size_is_used_on(int sliceBytes)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var before = await StartAsync(origin))
        {
            await before.GetAsync("/file", $"Range: bytes=0-{(2 * SliceBytes) - 1}");
            await Eventually.TrueAsync(async () => await before.MetricAsync("cache_entries") == 2, () => "two slices are stored");
        }

        await using var proxy = await StartAsync(origin, sliceBytes);
        await AssertRightAsync(proxy, "PARTIAL");
        await AssertRightAsync(proxy, "HIT");

        // In slices as large as those that were there.
        Assert.Equal(Slices, _file.RequestCount);
        Assert.Equal(Slices, await proxy.MetricAsync("cache_entries"));
        await proxy.GetAsync("/other");
        await Eventually.TrueAsync(
            async () => await proxy.MetricAsync("cache_entries") == Slices + ((_file.LengthBytes + sliceBytes - 1) / sliceBytes),
            () => "the other is in larger slices");
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Index_of_another_version_is_refused_in_words_and_the_cache_begins_empty()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await StoreAsync(origin);
        string index = _directory.Combine(StoreLayout.IndexFileName);
        byte[] bytes = await File.ReadAllBytesAsync(index, TestContext.Current.CancellationToken);
        bytes[8] = 200;
        await File.WriteAllBytesAsync(index, bytes, TestContext.Current.CancellationToken);

        await using (var proxy = await StartAsync(origin))
        {
            Assert.Contains(
                "format 200",
                Assert.Single(proxy.Log, line => line.Contains("cache_refused", StringComparison.Ordinal)),
                StringComparison.Ordinal);
            await AssertRightAsync(proxy, "MISS");
            await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
        }

        await using var next = await StartAsync(origin);
        await AssertRightAsync(next, "HIT");
    }

    // A power cut leaves zeros or nothing where the kernel had not written yet; a disk, some wrong bits.
    [Theory]
    [InlineData("\0\0\0\0\0\0\0\0", 4096)]
    [InlineData("", 0)]
    [InlineData("PSL", 3)]
    [InlineData("pSLICEIX", null)]
    [InlineData("PSL\0\0\0\0X", null)]
    [Trait("Behaviour", "B46")]
    public async Task Index_with_a_spoilt_beginning_is_begun_anew(string beginning, int? zeroedBytes)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await StoreAsync(origin);
        string index = _directory.Combine(StoreLayout.IndexFileName);
        byte[] bytes = zeroedBytes is { } count
            ? new byte[count]
            : await File.ReadAllBytesAsync(index, TestContext.Current.CancellationToken);
        Wire.Bytes(beginning).CopyTo(bytes, 0);
        await File.WriteAllBytesAsync(index, bytes, TestContext.Current.CancellationToken);

        await using var proxy = await StartAsync(origin);

        Assert.Contains(
            "is damaged",
            Assert.Single(proxy.Log, line => line.Contains("cache_refused", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        await AssertRightAsync(proxy, "MISS");
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Directory_with_the_index_of_another_program_is_left_as_it_is()
    {
        await File.WriteAllTextAsync(
            _directory.Combine(StoreLayout.IndexFileName), "somebody's notes", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            _directory.Combine(StoreLayout.SegmentFileName(0)), "somebody's bytes", TestContext.Current.CancellationToken);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        var error = await Assert.ThrowsAsync<InstanceStartException>(() => StartAsync(origin));
        Assert.Contains(
            $"l2_cache_dir: {_directory.Path}: there are files in it that are not a cache's, such as slices.index",
            error.Message,
            StringComparison.Ordinal);

        Assert.Equal(
            "somebody's notes",
            await File.ReadAllTextAsync(_directory.Combine(StoreLayout.IndexFileName), TestContext.Current.CancellationToken));
        Assert.Equal(
            "somebody's bytes",
            await File.ReadAllTextAsync(_directory.Combine(StoreLayout.SegmentFileName(0)), TestContext.Current.CancellationToken));
    }

    [Fact]
    [Trait("Behaviour", "B26")]
    public async Task Object_that_went_stale_while_the_proxy_was_away_is_validated()
    {
        _file.ExtraFields = ["Cache-Control: max-age=0"];
        _file.ETag = "\"v1\"";
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await StoreAsync(origin);
        int before = _file.RequestCount;
        await using var proxy = await StartAsync(origin);
        await AssertRightAsync(proxy);
        Assert.Equal(before + 1, _file.RequestCount);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, int sliceBytes = SliceBytes) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceBytes,
        options => options with
        {
            Store = new CacheStoreOptions
            {
                OnDisk = true,
                Directory = _directory.Path,
                DiskSizeBytes = StoredObjects.StoreBytesFor(16 << 20),
            },
        });

    private async Task StoreAsync(ScriptedOrigin origin)
    {
        await using var proxy = await StartAsync(origin);
        await AssertRightAsync(proxy, "MISS");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_entries") == Slices, () => "all slices are stored");
    }

    private async Task AssertRightAsync(ProxyUnderTest proxy, string? xCache = null)
    {
        using var sink = new VerifyingSink(_file.Content);
        RawResponse response = await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
        Assert.Equal(_file.LengthBytes, sink.Count);
        if (xCache is not null)
        {
            Assert.Equal(xCache, response.Field("X-Cache"));
        }
    }
}
