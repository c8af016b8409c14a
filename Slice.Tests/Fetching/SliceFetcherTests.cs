using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>Where slices come from, how many requests they cost, and who may leave when.</summary>
public sealed class SliceFetcherTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new();

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Missing_slice_is_asked_for_exactly_with_the_version_pinned()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var reading = _bed.ReadAsync(generation, sliceIndex: 1);

        var exchange = await _bed.Origin.NextAsync();
        exchange.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("4567", FetchError.None), await reading);
        Assert.Equal(new ByteRange(4, 8), exchange.Request.Range);
        Assert.Equal(generation.Response.Validator, exchange.Request.PinnedVersion);
        Assert.Null(exchange.Request.KnownVersion);
        await _bed.SettledAsync(slices: 1);
        Assert.Equal(1, _bed.Meter.Subrequests.Value);
        Assert.Equal(4, _bed.Meter.BytesFromOrigin.Value);
    }

    // The operator's alert on the origin's failures must not go off when the store is full.
    [Fact]
    public async Task Store_without_room_is_no_failure_of_the_origin()
    {
        await using var bed = new FetchBed(store: SliceStore.CreateInMemory(4096, TimeProvider.System, overflowBytes: 0));
        bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = bed.Publish(FakeContent.Sixteen);
        await bed.ReadAsync(generation, 0);
        Assert.True(generation.TryLease(0, out var held));

        Assert.Equal(FetchError.StoreFull, (await bed.ReadAsync(generation, 1)).Error);

        Assert.Equal((0, 1), (bed.Meter.FailedSubrequests.Value, bed.Meter.CacheErrors.Value));
        held.Release();
    }

    [Fact]
    public async Task Stored_slice_costs_no_request()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = _bed.Publish(FakeContent.Sixteen);
        await _bed.ReadAsync(generation, 2);
        await _bed.SettledAsync(slices: 1);

        var source = _bed.Acquire(generation, 2);

        Assert.NotNull(source.Stored);
        Assert.Null(source.Fetch);
        Assert.Equal(("89ab", FetchError.None), await FetchBed.ReadAsync(source));
        Assert.Single(_bed.Origin.Requests);
    }

    // B14, B15.
    [Theory]
    [InlineData("0123456789abcde", 3, 12, 15)]
    [InlineData("0123456789abcdef", 3, 12, 16)]
    [InlineData("0", 0, 0, 1)]
    [Trait("Behaviour", "B14")]
    public async Task Last_slice_is_asked_for_with_its_exact_last_byte(string text, int sliceIndex, long start, long end)
    {
        var content = FakeContent.Sixteen with { Text = text };
        _bed.Origin.Answer = content.Result;

        Assert.Equal((text[(int)start..], FetchError.None), await _bed.ReadAsync(_bed.Publish(content), sliceIndex));

        Assert.Equal(new ByteRange(start, end), Assert.Single(_bed.Origin.Requests).Range);
    }

    // B32.
    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Many_readers_of_one_slice_make_one_request()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var readings = Enumerable.Range(0, 50).Select(_ => _bed.ReadAsync(generation, 0)).ToArray();

        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);

        Assert.All(await Task.WhenAll(readings), result => Assert.Equal(("0123", FetchError.None), result));
        Assert.Single(_bed.Origin.Requests);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    public async Task Racing_readers_fetch_each_slice_once()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        for (int round = 1; round <= 50; round++)
        {
            var generation = _bed.Publish(FakeContent.Sixteen);
            var ct = TestContext.Current.CancellationToken;
            var readings = Enumerable.Range(0, 32).Select(reader => Task.Run(() => _bed.ReadAsync(generation, reader % 4), ct)).ToArray();
            var results = await Deadline.WithinAsync(Task.WhenAll(readings), $"32 readers in round {round}");
            Assert.Equal(["0123", "4567", "89ab", "cdef"], results.Select(result => result.Text).Distinct().Order());
            Assert.Equal(4 * round, _bed.Origin.Requests.Count);
        }
    }

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Followers_see_bytes_as_they_land()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var first = _bed.Acquire(generation, 0);
        var response = (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen);
        response.Send("01");
        await FetchBed.WaitBeyondAsync(first.Fetch!, 1);
        Assert.Equal(2, first.Fetch!.AvailableBytes);
        Assert.Equal("01"u8.ToArray(), first.Fetch.Slice.Map(0, 2).ToArray());

        // One who joins now has what has landed, at once.
        var second = _bed.Acquire(generation, 0);
        Assert.Same(first.Fetch, second.Fetch);
        Assert.Equal(2, second.Fetch!.AvailableBytes);

        var waiting = second.Fetch.WaitBeyondAsync(2, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        response.Send("23").End();
        await Deadline.WithinAsync(waiting.AsTask(), "the rest");
        Assert.Equal("0123", (await FetchBed.ReadAsync(first)).Text);
        Assert.Equal("0123", (await FetchBed.ReadAsync(second)).Text);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Reader_who_leaves_does_not_end_a_fetch_whose_head_has_come()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var source = _bed.Acquire(generation, 0);
        var response = (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("01");
        await FetchBed.WaitBeyondAsync(source.Fetch!, 0);
        source.Release();

        response.Send("23").End();

        await _bed.SettledAsync(slices: 1);
        Assert.Equal(1, generation.CountStored(0, 1));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Fetch_ends_when_its_last_reader_leaves_before_the_head_and_the_next_reader_asks_anew()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var first = _bed.Acquire(generation, 0);
        var second = _bed.Acquire(generation, 0);
        await _bed.Origin.NextAsync();

        first.Release();
        Assert.False(first.Fetch!.Abandoned.IsCancellationRequested);
        second.Release();
        await _bed.SettledAsync(slices: 0);

        Assert.Equal(FetchError.Abandoned, first.Fetch.Failure.Error);
        Assert.Empty(_bed.Failures);
        Assert.Equal(0, _bed.Meter.FailedSubrequests.Value);
        var reading = _bed.ReadAsync(generation, 0);
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);
        Assert.Equal(("0123", FetchError.None), await reading);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Fetch_that_breaks_off_when_nobody_follows_is_not_repeated()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var source = _bed.Acquire(generation, 0);
        var response = (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("01");
        await FetchBed.WaitBeyondAsync(source.Fetch!, 0);
        source.Release();

        response.Break();

        await _bed.SettledAsync(slices: 0);
        Assert.Single(_bed.Origin.Requests);
        Assert.Equal(0, _bed.Meter.RetriedSubrequests.Value);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Reader_who_leaves_while_the_next_try_is_waited_for_ends_the_wait()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var source = _bed.Acquire(generation, 0);
        var exchange = await _bed.Origin.NextAsync();
        exchange.Fail(FetchError.ConnectionRefused);
        await Eventually.TrueAsync(() => _bed.Gate.Free == FetchBed.GateLimit, "the permit to be back");

        source.Release();

        await _bed.SettledAsync(slices: 0);
        Assert.True(source.Fetch!.Failure.IsError);
        Assert.Single(_bed.Origin.Requests);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Fetch_that_nobody_waits_for_any_more_leaves_the_queue()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var taken = new List<OriginPermit>();
        for (int permit = 0; permit < FetchBed.GateLimit; permit++)
        {
            taken.Add(await _bed.TakePermitAsync());
        }

        var source = _bed.Acquire(generation, 0);
        source.Release();
        await Eventually.TrueAsync(() => source.Fetch!.Failure.IsError, "the fetch is dropped");

        Assert.Equal(FetchError.Abandoned, source.Fetch!.Failure.Error);
        Assert.Empty(_bed.Origin.Requests);
        Assert.Empty(_bed.Failures);
        Assert.Equal(0, _bed.Meter.FailedSubrequests.Value);
        taken.ForEach(permit => permit.Dispose());
        await _bed.SettledAsync(slices: 0);
    }

    [Fact]
    public async Task Fetch_without_a_turn_at_the_origin_in_time_fails()
    {
        await using var bed = new FetchBed(gate: new OriginGate(limit: 1, TimeProvider.System), queueTimeout: TimeSpan.Zero);
        using var taken = await bed.TakePermitAsync();
        Assert.Equal(("", FetchError.OriginQueueTimeout), await bed.ReadAsync(bed.Publish(FakeContent.Sixteen), 0));
        Assert.Empty(bed.Origin.Requests);
        Assert.Equal([FetchError.OriginQueueTimeout], bed.Failures);
    }

    [Fact]
    public async Task Purged_object_reaches_its_readers_and_not_the_store()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var reading = _bed.ReadAsync(generation, 0);
        var exchange = await _bed.Origin.NextAsync();
        Assert.Equal(0, _bed.Index.Remove("/file"u8));

        exchange.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await reading);
        await _bed.SettledAsync(slices: 0);
    }

    [Fact]
    public async Task Slice_just_fetched_gives_way_before_one_that_is_read_again()
    {
        await using var bed = new FetchBed(store: SliceStore.CreateInMemory(4 * ExtentAllocator.UnitBytes, TimeProvider.System));
        var content = FakeContent.Sixteen with { Text = "0123456789abcdefghijklmn" };
        bed.Origin.Answer = content.Result;
        var generation = bed.Publish(content);
        for (int index = 0; index < 4; index++)
        {
            await bed.ReadAsync(generation, index);
            await bed.SettledAsync(slices: index + 1);
        }

        await bed.ReadAsync(generation, 0);
        await bed.ReadAsync(generation, 0);
        await bed.ReadAsync(generation, 4);
        await bed.SettledAsync(slices: 4);

        Assert.Equal([1, 0, 1, 1, 1, 0], Enumerable.Range(0, 6).Select(index => generation.CountStored(index, 1)));
    }

    [Fact]
    public async Task Store_without_room_fails_the_fetch_and_keeps_nothing()
    {
        var store = SliceStore.CreateInMemory(ExtentAllocator.UnitBytes, TimeProvider.System, overflowBytes: 0);
        await using var bed = new FetchBed(store: store);
        var held = await bed.Store.ReserveAsync(1);
        bed.Origin.Answer = FakeContent.Sixteen.Result;

        Assert.Equal(("", FetchError.StoreFull), await bed.ReadAsync(bed.Publish(FakeContent.Sixteen), 0));

        held!.Slice.Release();
        await bed.SettledAsync(slices: 0);
        Assert.Equal([FetchError.StoreFull], bed.Failures);
    }

    // B46.
    [Fact]
    public async Task Disk_that_is_full_costs_the_origin_nothing()
    {
        using var directory = new TestDirectory("fetch");
        await using var bed = new FetchBed(store: StoredObjects.OpenStore(directory.Path, 1 << 20, TimeProvider.System));
        FullDisk.StrikeUnder(directory.Combine(StoreLayout.SegmentFileName(0)));
        bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = bed.Publish(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await bed.ReadAsync(generation, 0));
        Assert.Equal(("0123", FetchError.None), await bed.ReadAsync(generation, 0));

        Assert.Single(bed.Origin.Requests);
        Assert.Equal(1, bed.Meter.CacheErrors.Value);
        Assert.Equal((0, ExtentAllocator.UnitBytes), (bed.Store.SliceCount, bed.Store.OverflowBytes));
    }

    // B46.
    [Fact]
    public async Task Disk_that_is_full_fails_the_fetch_and_keeps_nothing_when_no_memory_is_left_either()
    {
        using var directory = new TestDirectory("fetch");
        var store = StoredObjects.OpenStore(directory.Path, 1 << 20, TimeProvider.System, overflowBytes: 0);
        await using var bed = new FetchBed(store: store);
        FullDisk.StrikeUnder(directory.Combine(StoreLayout.SegmentFileName(0)));
        bed.Origin.Answer = FakeContent.Sixteen.Result;

        Assert.Equal(("", FetchError.StoreWriteError), await bed.ReadAsync(bed.Publish(FakeContent.Sixteen), 0));

        await bed.SettledAsync(slices: 0);
        Assert.Equal(1, bed.Meter.CacheErrors.Value);
        Assert.Single(bed.Origin.Requests);
    }

    [Fact]
    public async Task Shutdown_ends_fetches_and_waits_for_them()
    {
        var bed = new FetchBed();
        var generation = bed.Publish(FakeContent.Sixteen);
        var reading = bed.ReadAsync(generation, 0);
        await bed.Origin.NextAsync();
        var begun = bed.Acquire(generation, 1);
        var response = (await bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("4");
        await FetchBed.WaitBeyondAsync(begun.Fetch!, 0);

        await bed.StopAsync();
        await Deadline.WithinAsync(bed.Fetcher.DisposeAsync().AsTask(), "the fetcher to end");

        Assert.Equal(FetchError.ShuttingDown, (await reading).Error);
        Assert.Equal(("4", FetchError.ShuttingDown), await FetchBed.ReadAsync(begun));
        await Deadline.WithinAsync(response.Disposed, "the response to be disposed");
        await bed.SettledAsync(slices: 0);
        Assert.Empty(bed.Failures);
        bed.Store.Dispose();
    }

    [Fact]
    public async Task Fetch_after_shutdown_fails_at_once()
    {
        var bed = new FetchBed();
        var generation = bed.Publish(FakeContent.Sixteen);
        await bed.StopAsync();
        await bed.Fetcher.DisposeAsync();

        Assert.Equal(("", FetchError.ShuttingDown), await Deadline.WithinAsync(bed.ReadAsync(generation, 0), "the late reader's answer"));

        Assert.Empty(bed.Origin.Requests);
        bed.Store.Dispose();
    }

    [Fact]
    public async Task Fault_of_ours_fails_the_fetch_and_leaves_nobody_waiting()
    {
        _bed.Origin.Answer = _ => throw new InvalidOperationException("a bug");
        Assert.Equal(("", FetchError.ProxyInternalError), await _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0));
        await _bed.SettledAsync(slices: 0);
        Assert.Equal([FetchError.ProxyInternalError], _bed.Failures);
    }
}
