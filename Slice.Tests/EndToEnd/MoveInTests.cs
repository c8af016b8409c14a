using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A cache that began in memory for want of its directory moves into it under traffic.</summary>
public sealed class MoveInTests : IDisposable
{
    private const int SliceBytes = 64 << 10;
    private const int Slices = 8;

    private readonly TestDirectory _directory = new("moving");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RangeFile _file = new(SliceBytes * Slices);

    private string Cache => _directory.Combine("cache");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Downloads_that_run_while_the_cache_moves_are_right_to_the_last_byte()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await File.WriteAllTextAsync(Cache, "in the way", TestContext.Current.CancellationToken);
        await using var proxy = await StartAsync(origin, isRequired: false);
        await AssertRightAsync(proxy, "/warm");
        await AssertHealthAsync(proxy.EndPoint, "memory", "a file is in the place of the cache directory");
        await AssertHealthAsync(proxy.AdminEndPoint, "memory", $"{Cache}: this is a file and not a directory; remove it, or ");
        Assert.Equal((0.0, 1.0), (await proxy.MetricAsync("cache_persistent"), await proxy.MetricAsync("cache_directory_unusable")));
        using var stop = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, 6).Select(client => DownloadAsync(proxy, client, stop.Token))];
        await origin.RequestsArrivedAsync(3 * Slices);

        File.Delete(Cache);
        _time.Advance(TimeSpan.FromSeconds(30));

        await AssertHealthAsync(proxy.EndPoint, "disk", null);
        await AssertHealthAsync(proxy.AdminEndPoint, "disk", null);
        Assert.Equal((1.0, 0.0), (await proxy.MetricAsync("cache_persistent"), await proxy.MetricAsync("cache_directory_unusable")));
        int before = origin.RequestCount;
        await Eventually.TrueAsync(() => origin.RequestCount > before + Slices, () => "clients go on");
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        await AssertRightAsync(proxy, "/after");
        await Eventually.TrueAsync(
            async () => await proxy.MetricAsync("cache_overflow_bytes") >= 0 && (await RightAsync(proxy, "/after")) == "HIT",
            () => "it is stored");
        Assert.Single(proxy.Log, line => line.Contains("cache_unusable", StringComparison.Ordinal));
        Assert.Single(proxy.Log, line => line.Contains("cache_moved_in", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task What_the_directory_holds_is_used_again_and_survives_the_next_restart()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using (var earlier = await StartAsync(origin, isRequired: true))
        {
            await AssertRightAsync(earlier, "/earlier");
            await AssertRightAsync(earlier, "/purged");
        }

        string aside = _directory.Combine("aside");
        Directory.Move(Cache, aside);
        await File.WriteAllTextAsync(Cache, "in the way", TestContext.Current.CancellationToken);
        await using (var proxy = await StartAsync(origin, isRequired: false))
        {
            using var operatorsClient = await RawClient.ConnectAsync(proxy.AdminEndPoint);
            await operatorsClient.SendAsync(RawClient.Request("PURGE", "/purged"));
            var purged = await operatorsClient.ReadResponseAsync();
            Assert.Equal(200, purged.StatusCode);
            Assert.Contains("held against the purge", purged.BodyText, StringComparison.Ordinal);
            File.Delete(Cache);
            Directory.Move(aside, Cache);

            _time.Advance(TimeSpan.FromSeconds(30));

            int before = origin.RequestCount;
            Assert.Equal("HIT", await RightAsync(proxy, "/earlier"));
            Assert.Equal(before, origin.RequestCount);
            Assert.Equal("MISS", await RightAsync(proxy, "/purged"));
            Assert.Equal("MISS", await RightAsync(proxy, "/later"));
        }

        await using var next = await StartAsync(origin, isRequired: true);
        Assert.Equal("HIT", await RightAsync(next, "/earlier"));
        Assert.Equal("HIT", await RightAsync(next, "/later"));
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, bool isRequired) => ProxyUnderTest.StartAsync(
        origin.Uri,
        SliceBytes,
        options => options with
        {
            Store = new CacheStoreOptions
            {
                OnDisk = true,
                Directory = Cache,
                DiskSizeBytes = StoredObjects.StoreBytesFor(256 << 20),
                MemorySizeBytes = 32 << 20,
                IsDirectoryRequired = isRequired,
            },
        },
        _time);

    private async Task DownloadAsync(ProxyUnderTest proxy, int client, CancellationToken stop)
    {
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            await RightAsync(proxy, $"/{(client * 7 + number) % 40}");
        }
    }

    // The whole reason is for operators: clients of the proxy port learn no path.
    private static async Task AssertHealthAsync(IPEndPoint endPoint, string cache, string? reason)
    {
        var health = await RawClient.GetAsync(endPoint, "/health");
        var json = JsonDocument.Parse(health.BodyText).RootElement;
        Assert.Equal((200, cache), (health.StatusCode, json.GetProperty("cache").GetString()));
        Assert.Equal(reason is not null, json.TryGetProperty("cache_reason", out var told));
        Assert.StartsWith(reason ?? "", reason is null ? "" : told.GetString(), StringComparison.Ordinal);
    }

    private async Task AssertRightAsync(ProxyUnderTest proxy, string target) => await RightAsync(proxy, target);

    // What the cache had of it.
    private async Task<string?> RightAsync(ProxyUnderTest proxy, string target)
    {
        using var sink = new VerifyingSink(_file.Content);
        RawResponse response = await RawClient.GetVerifiedAsync(proxy.EndPoint, target, sink, Deadline.Default);
        Assert.Equal(_file.LengthBytes, sink.Count);
        return response.Field("X-Cache");
    }
}
