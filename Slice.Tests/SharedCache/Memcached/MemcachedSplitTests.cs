using System.Globalization;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Values above the item limit of a real server.</summary>
public sealed class MemcachedSplitTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // 512 bytes beside the value are enough with the longest key, and so for parts, whose keys are longer. memcached 1.6.18 crashes on
    // its own with smaller limits, which need another slab_chunk_max.
    [Theory]
    [InlineData("512k", 1 << 19)]
    [InlineData("1m", 1 << 20)]
    [InlineData("2m", 2 << 20)]
    public async Task Longest_whole_value_and_the_shortest_split_one_fit(string limit, int itemBytes)
    {
        await using var server = await MemcachedServer.StartAsync("-I", limit);
        await using var store = Open(itemBytes, server.Authority);
        string key = new('k', 200);
        foreach (int length in new[] { itemBytes - 512, itemBytes - 511, (3 * (itemBytes - 536)) - 1, 3 * (itemBytes - 536) })
        {
            byte[] value = Content(length, seed: 1);
            await store.SetAsync(key, value, s_minute, Ct);
            Assert.Equal(value, await ReadAsync(store, key));
        }
    }

    [Fact]
    public async Task Value_of_the_default_slice_takes_two_items()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var store = Open(1 << 20, server.Authority);
        await store.SetAsync("key", Content((1 << 20) + 200, seed: 1), s_minute, Ct);
        Assert.StartsWith("VA ", Ask(server, "mg key/0 v\r\n"), StringComparison.Ordinal);
        Assert.Equal("EN\r\n", Ask(server, "mg key/1 v\r\n"));
    }

    [Fact]
    public async Task Longest_value_is_64_MiB()
    {
        await using var server = await MemcachedServer.StartAsync("-m", "256");
        await using var store = Open(1 << 20, server.Authority);
        byte[] value = Content((64 << 20) + 1, seed: 1);
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await store.SetAsync("key", value, s_minute, Ct));

        await store.SetAsync("key", value.AsMemory(1), s_minute, Ct);
        using var read = await store.GetAsync("key", Ct);
        Assert.True(read!.Bytes.Span.SequenceEqual(value.AsSpan(1)));
    }

    [Theory]
    [InlineData("md key/0\r\n", "HD\r\n")]
    [InlineData("md key/2\r\n", "HD\r\n")]
    [InlineData("ms key/1 5 T60 F2\r\nother\r\n", "HD\r\n")]
    [InlineData("md key\r\n", "HD\r\n")]
    public async Task Part_that_is_gone_or_another_makes_a_miss(string change, string answer)
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var store = Open(1 << 10, server.Authority);
        await store.SetAsync("key", Content(4 * 488, seed: 1), s_minute, Ct);
        Assert.NotNull(await ReadAsync(store, "key"));

        Assert.Equal(answer, Ask(server, change));

        Assert.Null(await ReadAsync(store, "key"));
    }

    [Fact]
    public async Task Part_of_another_version_makes_a_miss()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var store = Open(1 << 10, server.Authority);
        byte[] other = Content(3 * 488, seed: 2);
        await store.SetAsync("other", other, s_minute, Ct);
        await store.SetAsync("key", Content(3 * 488, seed: 1), s_minute, Ct);

        // As a writer of that version would leave it that came second with this part, and first with the head.
        string part = Ask(server, "mg other/1 v\r\n");
        string value = part[(part.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        Assert.Equal("HD\r\n", Ask(server, string.Create(CultureInfo.InvariantCulture, $"ms key/1 {value.Length - 2} T60 F2\r\n{value}")));

        Assert.Null(await ReadAsync(store, "key"));
        Assert.Equal(other, await ReadAsync(store, "other"));
    }

    [Fact]
    public async Task Two_writers_of_different_versions_leave_one_or_none()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var first = Open(1 << 10, server.Authority);
        await using var second = Open(1 << 10, server.Authority);
        byte[][] versions = [Content(20 * 488, seed: 1), Content(20 * 488, seed: 2)];
        for (int round = 0; round < 100; round++)
        {
            var writing = Task.WhenAll(
                first.SetAsync("key", versions[0], s_minute, Ct).AsTask(), second.SetAsync("key", versions[1], s_minute, Ct).AsTask());
            while (!writing.IsCompleted)
            {
                AssertOneOf(versions, await ReadAsync(first, "key"));
            }

            await writing;
            AssertOneOf(versions, await ReadAsync(second, "key"));
        }
    }

    // Several instances that have fetched the same slice at once.
    [Fact]
    public async Task Two_writers_of_one_version_leave_it_whole()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var first = Open(1 << 10, server.Authority);
        await using var second = Open(1 << 10, server.Authority);
        for (int round = 0; round < 100; round++)
        {
            byte[] value = Content(20 * 488, seed: round);
            await Task.WhenAll(first.SetAsync("key", value, s_minute, Ct).AsTask(), second.SetAsync("key", value, s_minute, Ct).AsTask());
            Assert.Equal(value, await ReadAsync(first, "key"));
        }
    }

    [Fact]
    public async Task Full_server_that_has_dropped_a_part_makes_a_miss()
    {
        await using var server = await MemcachedServer.StartAsync("-m", "2");
        await using var store = Open(1 << 14, server.Authority);
        int misses = 0;
        int whole = 0;
        for (int number = 0; number < 200; number++)
        {
            await store.SetAsync($"key{number}", Content(100_000, seed: number), s_minute, Ct);
            int before = Math.Max(0, number - 15);
            var read = await ReadAsync(store, $"key{before}");
            misses += read is null ? 1 : 0;
            whole += read is null ? 0 : 1;
            Assert.True(read is null || read.AsSpan().SequenceEqual(Content(100_000, seed: before)));
        }

        Assert.True(misses > 0 && whole > 0, $"{misses} misses, {whole} hits");
    }

    [Fact]
    public async Task Server_with_a_smaller_limit_says_what_to_change()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var store = Open(4 << 20, server.Authority);
        var failure = await Assert.ThrowsAsync<KeyValueStoreException>(
            async () => await store.SetAsync("key", Content(2 << 20, seed: 1), s_minute, Ct));
        Assert.Contains("its item limit (-I) is below the item size that is configured here", failure.Message, StringComparison.Ordinal);

        await store.SetAsync("key", Content(1 << 19, seed: 1), s_minute, Ct);
        Assert.NotNull(await ReadAsync(store, "key"));
    }

    private static MemcachedStore Open(int itemBytes, string address) => new(
        new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = [address], ItemSizeBytes = itemBytes }, TimeProvider.System);

    private static byte[] Content(int length, int seed)
    {
        byte[] content = new byte[length];
        TestContent.Fill(0, content, seed);
        return content;
    }

    private static async Task<byte[]?> ReadAsync(MemcachedStore store, string key)
    {
        using var read = await store.GetAsync(key, Ct);
        return read?.Bytes.ToArray();
    }

    private static void AssertOneOf(byte[][] versions, byte[]? read) =>
        Assert.True(read is null || Array.Exists(versions, version => version.AsSpan().SequenceEqual(read)));

    // Up to an answer's last CR LF; answers here are shorter than a segment.
    private static string Ask(MemcachedServer server, string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(server.EndPoint);
        socket.Send(Wire.Bytes(request + "mn\r\n"));
        string answer = "";
        byte[] buffer = new byte[4096];
        while (!answer.EndsWith("MN\r\n", StringComparison.Ordinal))
        {
            answer += Wire.Text(buffer.AsSpan(0, socket.Receive(buffer)));
        }

        return answer[..^4];
    }
}
