using System.Globalization;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Servers that are not there, do not answer, or answer something else, in literal bytes.</summary>
public sealed class MemcachedTroubleTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_there_is_said_and_known_for_a_while()
    {
        using var nobody = new RefusingPort();
        await using var store = Open($"127.0.0.1:{nobody.Uri.Port}");

        Assert.Contains("connection refused", await FailureOf(store.GetAsync("key", Ct)), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMilliseconds(150));
        Assert.Contains("connection refused: nobody listens there (150 ms ago)", await FailureOf(store.IncrementAsync("key", 1, Ct)),
            StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.DoesNotContain("ago", await FailureOf(store.GetAsync("key", Ct)), StringComparison.Ordinal);
        Assert.Contains("ago", await FailureOf(store.GetAsync("key", Ct)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_has_a_deadline_of_its_own()
    {
        int port = FreePort.Reserve();
        using var deaf = new DeafPort(System.Net.IPAddress.Loopback, port);
        await using var store = Open($"127.0.0.1:{port}");
        var read = store.GetAsync("key", Ct).AsTask();

        Assert.Equal(TimeSpan.FromSeconds(1), await _time.RingNextAsync());

        Assert.Contains("no connection in time", await FailureOf(new ValueTask<LeasedValue?>(read)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caller_that_has_waited_its_time_for_a_connection_is_the_last_for_a_while()
    {
        int port = FreePort.Reserve();
        using var deaf = new DeafPort(System.Net.IPAddress.Loopback, port);
        await using var store = Open($"127.0.0.1:{port}");

        // Early, the server is not to blame.
        await CancelledAsync(store, waited: TimeSpan.FromMilliseconds(49));
        await CancelledAsync(store, waited: TimeSpan.FromMilliseconds(50));

        Assert.Contains("no connection in time", await FailureOf(store.GetAsync("key", Ct)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no answer at all\r\n", "none of the meta protocol")]
    [InlineData("\0\0\0\0\r\n", "none of the meta protocol")]
    [InlineData("VA 5 t60 f0 c1 kkey\r\nhi<close>", "has closed the connection")]
    [InlineData("VA 2 t60 f0 c1 kkex\r\nhi\r\n", "of another key")]
    [InlineData("VA 2 t60 f0 c1 kkey\r\nhigh\r\n", "does not end where it should")]
    [InlineData("VA 2000000 t60 f0 c1 kkey\r\nhi\r\n", "a value of 2000000 bytes, more than the 1048576")]
    [InlineData("VA 2 t60 f0 c1 kkey\r\nCLIENT_ERROR bad data chunk\r\n", "does not end where it should")]
    [InlineData("CLIENT_ERROR bad command line format\r\n", "CLIENT_ERROR bad command line format")]
    [InlineData("SERVER_ERROR out of memory writing get response\r\n", "its memory (-m) is full")]
    [InlineData("ERROR\r\n", "does not know the meta protocol")]
    [InlineData("HD t60 f0 c1 kkey\r\n", "an answer to something else")]
    [InlineData("<close>", "has closed the connection")]
    public async Task Wrong_answer_fails_with_words_and_its_connection_is_used_no_more(string wrong, string words)
    {
        int asked = 0;
        await using var server = new ScriptedMemcached(
            _ => Interlocked.Increment(ref asked) == 1 ? wrong : "VA 5 t60 f0 c1 kkey\r\nright\r\n");
        await using var store = Open(server.Authority);

        string message = await FailureOf(store.GetAsync("key", Ct));
        Assert.StartsWith($"memcached {server.Authority}: ", message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);

        Assert.Equal("right", await ReadAsync(store));
        Assert.Equal(2, server.Connections);
    }

    [Theory]
    [InlineData("VA 5 t60 f2 c1 kkey\r\nothers\r\n")]
    [InlineData("VA 5 t60 f77 c1 kkey\r\nothers\r\n")]
    [InlineData("VA 5 t60 f1 c1 kkey\r\nothers\r\n")]
    [InlineData("VA 500 t60 f1 c1 kkey\r\npsl1............................................................")]
    public async Task Value_that_nobody_of_ours_has_written_is_a_miss(string foreign)
    {
        int asked = 0;
        await using var server = new ScriptedMemcached(_ => Interlocked.Increment(ref asked) == 1 ? foreign : "EN\r\n");
        await using var store = Open(server.Authority);

        Assert.Null(await store.GetAsync("key", Ct));
        Assert.Null(await store.GetAsync("key", Ct));
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task Bytes_behind_an_answer_are_not_taken_for_the_next_one()
    {
        int asked = 0;
        await using var server = new ScriptedMemcached(line =>
            Interlocked.Increment(ref asked) == 1 ? "VA 5 t60 f0 c1 kkey\r\nright\r\nVA 5 t60 f0 c1 kkey\r\nwrong\r\n" : "EN\r\n");
        await using var store = Open(server.Authority);

        Assert.Equal("right", await ReadAsync(store));
        Assert.Null(await store.GetAsync("key", Ct));
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task Wait_that_is_cancelled_takes_its_connection_along()
    {
        int asked = 0;
        await using var server = new ScriptedMemcached(_ => Interlocked.Increment(ref asked) == 1 ? null : "EN\r\n");
        await using var store = Open(server.Authority);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var read = store.GetAsync("key", enough.Token).AsTask();
        await Eventually.TrueAsync(() => server.Requests.Count == 1, "the request");

        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await Eventually.TrueAsync(() => server.Closed == 1, "the connection to be closed");
        Assert.Null(await store.GetAsync("key", Ct));
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task Server_that_is_silent_for_the_timeout_is_left_alone_for_a_while()
    {
        int asked = 0;
        await using var server = new ScriptedMemcached(_ => Interlocked.Increment(ref asked) == 1 ? null : "EN\r\n");
        await using var store = Open(server.Authority);
        int told = 0;
        store.Told = () => told++;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var read = store.GetAsync("key", enough.Token).AsTask();
        await Eventually.TrueAsync(() => server.Requests.Count == 1, "the request");
        _time.Advance(TimeSpan.FromMilliseconds(50));
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);

        Assert.Contains("no answer within 50 ms", await FailureOf(store.GetAsync("key", Ct)), StringComparison.Ordinal);
        Assert.Equal(0, told);

        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Null(await store.GetAsync("key", Ct));
        Assert.Null(await store.GetAsync("key", Ct));
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Counter_waits_for_no_value()
    {
        await using var server = new ScriptedMemcached(line => line.StartsWith("ma", StringComparison.Ordinal) ? "VA 1 kc\r\n8\r\n" : null);
        await using var store = Open(server.Authority);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reads = Enumerable.Range(0, 50).Select(_ => store.GetAsync("key", enough.Token).AsTask()).ToArray();
        await Eventually.TrueAsync(() => server.Requests.Count == 16, "as many requests as there are connections for values");

        Assert.Equal(8, await store.IncrementAsync("c", 1, Ct));

        Assert.Equal(17, server.Connections);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(reads));
    }

    [Fact]
    public async Task Connection_is_used_again()
    {
        await using var server = new ScriptedMemcached(_ => "VA 5 t60 f0 c1 kkey\r\nright\r\n");
        await using var store = Open(server.Authority);
        for (int read = 0; read < 10; read++)
        {
            Assert.Equal("right", await ReadAsync(store));
        }

        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData(0.001, 1)]
    [InlineData(1, 1)]
    [InlineData(1.001, 2)]
    [InlineData(2_592_000, 2_592_000)]
    public async Task Lifetime_is_in_whole_seconds_rounded_up(double seconds, int sent)
    {
        await using var server = new ScriptedMemcached(_ => "HD kkey\r\n");
        await using var store = Open(server.Authority);
        await store.SetAsync("key", new byte[3], TimeSpan.FromSeconds(seconds), Ct);
        await store.TryAddAsync("key", new byte[3], TimeSpan.FromSeconds(seconds), Ct);
        Assert.Equal(
            [string.Create(CultureInfo.InvariantCulture, $"ms key 3 T{sent} F0 k"),
                string.Create(CultureInfo.InvariantCulture, $"ms key 3 T{sent} ME k")],
            server.Requests);
    }

    // The server's clock moves once a second: of 60 s left, up to one is over.
    [Theory]
    [InlineData("60", 59)]
    [InlineData("1", 0)]
    [InlineData("0", 0)]
    [InlineData("-1", 2_592_000)]
    public async Task Remaining_lifetime_is_never_too_long(string told, int seconds)
    {
        await using var server = new ScriptedMemcached(_ => $"VA 2 t{told} f0 c1 kkey\r\nhi\r\n");
        await using var store = Open(server.Authority);
        using var read = await store.GetAsync("key", Ct);
        Assert.Equal(TimeSpan.FromSeconds(seconds), read!.Remaining);
    }

    [Theory]
    [InlineData("VA 3 kkey\r\n1x3\r\n")]
    [InlineData("VA 19 kkey\r\n9223372036854775808\r\n")]
    [InlineData("VA 21 kkey\r\n000000000000000000001\r\n")]
    [InlineData("VA 0 kkey\r\n\r\n")]
    [InlineData("VA 2 kkey\r\n-1\r\n")]
    public async Task Counter_that_is_none_fails(string answer)
    {
        await using var server = new ScriptedMemcached(_ => answer);
        await using var store = Open(server.Authority);
        Assert.Contains("no number of 63 bits", await FailureOf(store.IncrementAsync("key", 1, Ct)), StringComparison.Ordinal);
    }

    // memcached writes a counter over the digits before, and fills up with spaces.
    [Fact]
    public async Task Counter_may_have_spaces_behind()
    {
        await using var server = new ScriptedMemcached(_ => "VA 3 t60 f0 c1 kkey\r\n7  \r\n");
        await using var store = Open(server.Authority);
        Assert.Equal(7, await store.ReadCounterAsync("key", Ct));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nflush_all\r\n")]
    [InlineData("a/0")]
    [InlineData("ä")]
    public async Task Key_that_would_be_another_request_is_refused(string key)
    {
        await using var server = new ScriptedMemcached(_ => "EN\r\n");
        await using var store = Open(server.Authority);
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.GetAsync(key, Ct));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.SetAsync(key, new byte[1], s_minute, Ct));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Lease_that_does_not_fit_an_item_is_refused()
    {
        await using var server = new ScriptedMemcached(_ => "HD kkey\r\n");
        await using var store = Open(server.Authority);
        byte[] value = new byte[(1 << 20) - 511];
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await store.TryAddAsync("key", value, s_minute, Ct));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await store.TryRenewAsync("key", value, s_minute, Ct));
        Assert.True(await store.TryAddAsync("key", value.AsMemory(1), s_minute, Ct));
    }

    [Fact]
    public async Task End_of_the_store_closes_everything()
    {
        await using var server = new ScriptedMemcached(line => line.StartsWith("mg a ", StringComparison.Ordinal) ? "EN\r\n" : null);
        var store = Open(server.Authority);
        await store.GetAsync("a", Ct);
        var read = store.GetAsync("b", Ct);
        var other = store.ReadCounterAsync("c", Ct);
        await Eventually.TrueAsync(() => server.Requests.Count == 3, "the requests");

        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.Contains("the store is closed", await FailureOf(read), StringComparison.Ordinal);
        Assert.Contains("the store is closed", await FailureOf(other), StringComparison.Ordinal);
        Assert.Contains("the store is closed", await FailureOf(store.GetAsync("a", Ct)), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => server.Closed == server.Connections, "all connections to be closed");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_that_moves_no_value_and_answers_what_is_short_is_left_alone_with_values(bool isGiving)
    {
        // More than a socket takes before anybody reads.
        const int ValueBytes = 32 << 20;
        await using var server = new ScriptedMemcached(
            line => line.Contains(" short ", StringComparison.Ordinal) ? "EN\r\n" : isGiving ? null : ScriptedMemcached.Swallow);
        var options = new SharedCacheOptions
        {
            Type = SharedCacheType.Memcached,
            Addresses = [server.Authority],
            ItemSizeBytes = 2 * ValueBytes,
        };
        await using var store = new MemcachedStore(options, _time);
        byte[] value = new byte[ValueBytes];
        for (int attempts = 1; attempts <= LastAnswer.MostTimeoutsBehind; attempts++)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var moving = MoveAsync(enough.Token);
            await Eventually.TrueAsync(() => AskedForValues() == attempts, "the server has the request");
            _time.Advance(2 * options.Timeout);
            Assert.Equal(0, await store.ReadCounterAsync("short", Ct));
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moving);
        }

        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(() => MoveAsync(Ct));
        Assert.Contains($"no value {(isGiving ? "given" : "taken")} for 1000 ms", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, await store.ReadCounterAsync("short", Ct));

        async Task MoveAsync(CancellationToken ct)
        {
            if (isGiving)
            {
                using var read = await store.GetAsync("key", ct);
            }
            else
            {
                await store.SetAsync("key", value, TimeSpan.FromMinutes(1), ct);
            }
        }

        int AskedForValues() => server.Requests.Count(static line => line.Contains(" key ", StringComparison.Ordinal));
    }

    private MemcachedStore Open(params string[] addresses) =>
        new(new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = addresses }, _time);

    private async Task CancelledAsync(MemcachedStore store, TimeSpan waited)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var read = store.GetAsync("key", enough.Token).AsTask();
        _time.Advance(waited);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    private static async Task<string?> ReadAsync(MemcachedStore store)
    {
        using var read = await store.GetAsync("key", Ct);
        return read is null ? null : Wire.Text(read.Bytes.Span);
    }

    private static async Task<string> FailureOf<T>(ValueTask<T> operation) =>
        (await Assert.ThrowsAsync<KeyValueStoreException>(async () => await operation)).Message;
}
