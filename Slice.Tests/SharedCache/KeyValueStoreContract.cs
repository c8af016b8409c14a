using System.Globalization;
using System.Text;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// What every <see cref="IKeyValueStore"/> does, over a real server. A class for each kind of store inherits the cases; what is special to
/// one kind has a class of its own.
/// </summary>
public abstract class KeyValueStoreContract : IAsyncLifetime
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    // A key of its own for each use: the server may be shared by the tests of a class.
    private readonly string _prefix = "t-" + Guid.NewGuid().ToString("N")[..8] + ":";
    private IKeyValueStore? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IKeyValueStore Store => _store ?? throw new InvalidOperationException("not initialized");

    /// <summary>A store over the server that the class has started; two of them see the same values.</summary>
    protected abstract IKeyValueStore Open();

    /// <summary>Starts the server, or finds it started.</summary>
    protected abstract Task StartAsync();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        _store = Open();
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Store.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 200)]
    [InlineData((10 << 20) + 300)]
    public async Task Value_that_was_set_is_read_back(int length)
    {
        byte[] value = Pattern(length);
        await Store.SetAsync(Key("value"), value, s_minute, Ct);

        using var read = await Store.GetAsync(Key("value"), Ct);
        Assert.NotNull(read);
        Assert.True(read.Bytes.Span.SequenceEqual(value));
        Assert.InRange(read.Remaining, s_minute - TimeSpan.FromSeconds(20), s_minute);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData((1 << 20) + 200)]
    public async Task Beginning_of_a_value_is_read_without_the_rest_where_the_store_can(int length)
    {
        byte[] value = Pattern(length);
        await Store.SetAsync(Key("value"), value, s_minute, Ct);

        using var read = await Store.GetBeginningAsync(Key("value"), 100, Ct);
        Assert.NotNull(read);
        Assert.True(read.Bytes.Span.SequenceEqual(Store.GivesBeginnings ? value.AsSpan(0, Math.Min(100, length)) : value));
        Assert.InRange(read.Remaining, s_minute - TimeSpan.FromSeconds(20), s_minute);
        Assert.Null(await Store.GetBeginningAsync(Key("none"), 100, Ct));
    }

    [Fact]
    public async Task Key_that_was_never_set_has_no_value() => Assert.Null(await Store.GetAsync(Key("none"), Ct));

    [Fact]
    public async Task Value_takes_the_place_of_another_of_any_length()
    {
        foreach (int length in new[] { 10, 3 << 20, 5, 2 << 20, 0 })
        {
            await Store.SetAsync(Key("value"), Pattern(length), s_minute, Ct);
            using var read = await Store.GetAsync(Key("value"), Ct);
            Assert.True(read!.Bytes.Span.SequenceEqual(Pattern(length)));
        }
    }

    [Fact]
    public async Task Value_is_read_by_another_instance()
    {
        await using var other = Open();
        await other.SetAsync(Key("value"), "of another"u8.ToArray(), s_minute, Ct);
        using var read = await Store.GetAsync(Key("value"), Ct);
        Assert.Equal("of another", Text(read));
    }

    [Fact]
    public async Task Keys_are_told_apart_by_case_and_by_every_character()
    {
        string[] keys = ["a", "A", "a:", "a-", "a_", "a.", "aa", new string('z', 180)];
        foreach (string key in keys)
        {
            await Store.SetAsync(Key(key), Encoding.ASCII.GetBytes(key), s_minute, Ct);
        }

        foreach (string key in keys)
        {
            using var read = await Store.GetAsync(Key(key), Ct);
            Assert.Equal(key, Text(read));
        }
    }

    [Fact]
    public async Task Removed_value_is_gone_and_removing_nothing_is_no_error()
    {
        await Store.SetAsync(Key("value"), Pattern(3 << 20), s_minute, Ct);
        await Store.RemoveAsync(Key("value"), Ct);
        await Store.RemoveAsync(Key("value"), Ct);
        Assert.Null(await Store.GetAsync(Key("value"), Ct));
    }

    [Fact]
    public async Task Value_goes_at_the_end_of_its_lifetime()
    {
        await Store.SetAsync(Key("value"), Pattern(10), TimeSpan.FromSeconds(1), Ct);
        await Eventually.TrueAsync(
            async () =>
            {
                using var read = await Store.GetAsync(Key("value"), Ct);
                return read is null;
            },
            () => "the end of a lifetime of one second");
    }

    [Fact]
    public async Task One_of_many_adds_a_value()
    {
        await using var other = Open();
        bool[] added = await Task.WhenAll(Enumerable.Range(0, 32).Select(index => (index % 2 == 0 ? Store : other)
            .TryAddAsync(Key("lease"), Encoding.ASCII.GetBytes(index.ToString(CultureInfo.InvariantCulture)), s_minute, Ct).AsTask()));

        Assert.Single(added, true);
        using var read = await Store.GetAsync(Key("lease"), Ct);
        Assert.Equal(Array.IndexOf(added, true).ToString(CultureInfo.InvariantCulture), Text(read));
    }

    [Fact]
    public async Task Value_is_added_again_when_the_first_is_removed_or_over()
    {
        Assert.True(await Store.TryAddAsync(Key("lease"), "a"u8.ToArray(), s_minute, Ct));
        Assert.False(await Store.TryAddAsync(Key("lease"), "b"u8.ToArray(), s_minute, Ct));
        await Store.RemoveAsync(Key("lease"), Ct);
        Assert.True(await Store.TryAddAsync(Key("lease"), "c"u8.ToArray(), TimeSpan.FromSeconds(1), Ct));
        await Eventually.TrueAsync(
            async () => await Store.TryAddAsync(Key("lease"), "d"u8.ToArray(), s_minute, Ct), () => "the end of a lifetime of one second");
        using var read = await Store.GetAsync(Key("lease"), Ct);
        Assert.Equal("d", Text(read));
    }

    [Fact]
    public async Task Only_its_own_value_is_renewed()
    {
        Assert.False(await Store.TryRenewAsync(Key("lease"), "a"u8.ToArray(), s_minute, Ct));
        await Store.SetAsync(Key("lease"), "a"u8.ToArray(), TimeSpan.FromSeconds(10), Ct);
        Assert.False(await Store.TryRenewAsync(Key("lease"), "b"u8.ToArray(), s_minute, Ct));
        Assert.True(await Store.TryRenewAsync(Key("lease"), "a"u8.ToArray(), s_minute, Ct));

        using var read = await Store.GetAsync(Key("lease"), Ct);
        Assert.Equal("a", Text(read));
        Assert.InRange(read!.Remaining, TimeSpan.FromSeconds(30), s_minute);
    }

    [Fact]
    public async Task Counter_gives_every_caller_a_number_of_its_own()
    {
        await using var other = Open();
        Assert.Equal(0, await Store.ReadCounterAsync(Key("counter"), Ct));
        long first = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        long[] numbers = await Task.WhenAll(Enumerable.Range(0, 32).Select(
            index => (index % 2 == 0 ? Store : other).IncrementAsync(Key("counter"), first, Ct).AsTask()));

        Assert.Equal(Enumerable.Range(0, 32).Select(index => first + index), numbers.Order());
        Assert.Equal(first + 31, await other.ReadCounterAsync(Key("counter"), Ct));
        Assert.Equal(first + 32, await Store.IncrementAsync(Key("counter"), first: 7, Ct));
    }

    // Of a store that was put back: numbers that somebody may have had already are left out.
    [Fact]
    public async Task Counter_that_jumps_is_seen_there_by_all_and_gives_every_caller_a_number_of_its_own()
    {
        await using var other = Open();
        Assert.Equal(1000, await Store.IncrementAsync(Key("jump"), first: 1000, addend: 5000, Ct));
        Assert.Equal(1000, await other.ReadCounterAsync(Key("jump"), Ct));

        long[] numbers = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            index => (index % 2 == 0 ? Store : other).IncrementAsync(Key("jump"), first: 1, addend: 5000, Ct).AsTask()));

        Assert.Distinct(numbers);
        Assert.All(numbers, static number => Assert.True(number >= 6000));
        Assert.Equal(numbers.Max(), await Store.ReadCounterAsync(Key("jump"), Ct));
        Assert.Equal(numbers.Max() + 1, await other.IncrementAsync(Key("jump"), first: 1, Ct));
        Assert.Equal(numbers.Max() + 1, await Store.ReadCounterAsync(Key("jump"), Ct));
    }

    [Fact]
    public async Task Counter_that_several_callers_ensure_begins_once()
    {
        await using var other = Open();
        long[] numbers = await Task.WhenAll(Enumerable.Range(1, 16).Select(
            first => (first % 2 == 0 ? Store : other).EnsureCounterAsync(Key("ensured"), first, Ct).AsTask()));

        Assert.Single(numbers.Distinct());
        Assert.InRange(numbers[0], 1, 16);
        Assert.Equal(numbers[0], await other.ReadCounterAsync(Key("ensured"), Ct));
        Assert.Equal(numbers[0] + 1, await Store.IncrementAsync(Key("ensured"), first: 100, Ct));
        Assert.Equal(numbers[0] + 1, await other.EnsureCounterAsync(Key("ensured"), first: 200, Ct));
    }

    [Fact]
    public async Task Readers_of_a_value_that_changes_find_one_of_its_versions_whole()
    {
        await using var other = Open();
        await Store.SetAsync(Key("value"), Filled(0), s_minute, Ct);
        var writing = Task.Run(
            async () =>
            {
                for (int version = 1; version <= 40; version++)
                {
                    await Store.SetAsync(Key("value"), Filled(version), s_minute, Ct);
                }
            },
            Ct);

        int reads = 0;
        for (; !writing.IsCompleted || reads == 0; reads++)
        {
            // A miss is permitted: the parts of a value may be of two versions for a moment.
            using var read = await other.GetAsync(Key("value"), Ct);
            Assert.True(read is null || read.Bytes.Span.SequenceEqual(Filled(read.Bytes.Span[0])));
        }

        await writing;
        using var last = await other.GetAsync(Key("value"), Ct);
        Assert.True(last!.Bytes.Span.SequenceEqual(Filled(40)));
    }

    [Fact]
    public async Task Others_are_told_where_there_is_a_way()
    {
        await using var other = Open();
        Assert.Equal(Store.CanTell, other.CanTell);
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        other.Told = () => told.TrySetResult();
        await other.GetAsync(Key("value"), Ct);

        // Who listens may be told only from a moment on.
        await Eventually.TrueAsync(
            async () =>
            {
                await Store.TellAsync(Ct);
                return told.Task.IsCompleted || !Store.CanTell;
            },
            () => "somebody to be told");
    }

    [Fact]
    public async Task Store_describes_itself()
    {
        Assert.NotEmpty(await Store.DescribeAsync(Ct));
        Assert.NotEmpty(Store.Name);
    }

    [Fact]
    public async Task Wait_ends_when_the_caller_has_had_enough()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.GetAsync(Key("value"), cancelled.Token));
    }

    /// <summary>Bytes that differ from position to position and from length to length.</summary>
    protected static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int index = 0; index < length; index++)
        {
            bytes[index] = (byte)((index * 31) + (index >> 8) + length);
        }

        return bytes;
    }

    private static byte[] Filled(int version)
    {
        byte[] bytes = new byte[(1 << 20) + 100_000 + version];
        Array.Fill(bytes, (byte)version);
        return bytes;
    }

    private static string? Text(LeasedValue? value) => value is null ? null : Encoding.ASCII.GetString(value.Bytes.Span);

    private string Key(string name) => _prefix + name;
}
