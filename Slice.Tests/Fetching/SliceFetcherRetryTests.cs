using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>Failures that pass (B18, B20), answers that are short (B17), and those that never become right (B16).</summary>
public sealed class SliceFetcherRetryTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new(maxRetries: 2);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Body_that_breaks_off_is_resumed_at_the_byte_reached()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var reading = _bed.ReadAsync(generation, 1);
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("45").Break();

        // 100 ms, of which the jitter of 0.5 leaves three quarters.
        Assert.Equal(TimeSpan.FromMilliseconds(75), await _bed.Time.RingNextAsync());
        var resumed = await _bed.Origin.NextAsync();
        resumed.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("4567", FetchError.None), await reading);
        Assert.Equal(new ByteRange(6, 8), resumed.Request.Range);
        Assert.Equal(generation.Response.Validator, resumed.Request.PinnedVersion);
        Assert.Equal(1, _bed.Meter.RetriedSubrequests.Value);
        Assert.Equal(4, _bed.Meter.BytesFromOrigin.Value);
        Assert.Equal(0, _bed.Meter.FailedSubrequests.Value);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    public async Task Fetch_that_waits_to_retry_holds_no_permit()
    {
        var reading = _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0);
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionRefused);
        await Eventually.TrueAsync(() => _bed.Gate.Free == FetchBed.GateLimit, "the permit is back");

        await _bed.Time.RingNextAsync();
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await reading);
    }

    // One client on whose requests the origin hangs up must not hold the others through its repeats (B51).
    [Theory]
    [InlineData(FetchError.ConnectionTerminated)]
    [InlineData(FetchError.HttpProtocolError)]
    [Trait("Behaviour", "B51")]
    public async Task Slice_that_the_origin_hangs_up_on_is_asked_for_again_in_the_name_of_a_follower(FetchError hangUp)
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var leading = FetchBed.ReadAsync(_bed.Fetcher.Acquire(generation, 1, _bed.Context("/file?leader")));
        var following = FetchBed.ReadAsync(_bed.Fetcher.Acquire(generation, 1, _bed.Context("/file?follower")));
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("45").Break();
        await _bed.Time.RingNextAsync();
        var second = await _bed.Origin.NextAsync();
        Assert.Equal("/file?follower", second.Request.Template.Target);

        second.Fail(hangUp);
        if (hangUp.IsRetryable())
        {
            await _bed.Time.RingNextAsync();
        }

        // What is no HTTP is odd, and asked for again at once (B60).
        var third = await _bed.Origin.NextAsync();
        Assert.Equal("/file?follower", third.Request.Template.Target);
        third.RespondWhole(FakeContent.Sixteen);

        Assert.Equal((("4567", FetchError.None), ("4567", FetchError.None)), (await leading, await following));
    }

    [Theory]
    [InlineData(FetchError.DnsError)]
    [InlineData(FetchError.ConnectionRefused)]
    [InlineData(FetchError.ConnectionTimeout)]
    [InlineData(FetchError.ConnectionTerminated)]
    [InlineData(FetchError.HttpResponseTimeout)]
    public async Task Retries_run_out_and_the_last_failure_counts(FetchError error)
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var reading = _bed.ReadAsync(generation, 0);
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("01").Break();
        Assert.Equal(TimeSpan.FromMilliseconds(75), await _bed.Time.RingNextAsync());
        (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(503));
        Assert.Equal(TimeSpan.FromMilliseconds(150), await _bed.Time.RingNextAsync());
        (await _bed.Origin.NextAsync()).Fail(error);
        bool isEnded = error == FetchError.ConnectionTerminated;
        if (isEnded)
        {
            await RefuseWholeAsync();
        }

        // What had landed is good.
        Assert.Equal(("01", error), await reading);
        Assert.Equal(isEnded ? 4 : 3, _bed.Origin.Requests.Count);
        Assert.Equal([error], _bed.Failures);
        Assert.Equal(2, _bed.Meter.RetriedSubrequests.Value);
        Assert.Equal(1, _bed.Meter.FailedSubrequests.Value);
        await _bed.SettledAsync(slices: 0);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [Trait("Behaviour", "B19")]
    public async Task Origin_that_asks_to_be_left_alone_is_asked_again_when_it_says(int status)
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var reading = _bed.ReadAsync(generation, 0);
        (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(status, "Retry-After: 2"));
        Assert.Equal(TimeSpan.FromSeconds(2), await _bed.Time.RingNextAsync());
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("0123").End();

        Assert.Equal(("0123", FetchError.None), await reading);
    }

    [Theory]
    [InlineData(429, "Retry-After: 11")]
    [InlineData(503, "Retry-After: 3600")]
    [InlineData(503, "Date: Thu, 01 Jan 2026 00:00:00 GMT", "Retry-After: Thu, 01 Jan 2026 00:02:00 GMT")]
    [Trait("Behaviour", "B19")]
    public async Task Origin_that_asks_to_be_left_alone_for_long_is_not_asked_again(int status, params string[] fieldLines)
    {
        _bed.Origin.Answer = _ => new OriginResult(new FakeOriginResponse(status, fieldLines), Failure.None);
        var generation = _bed.Publish(FakeContent.Sixteen);

        Assert.Equal(("", FetchError.OriginServerError), await _bed.ReadAsync(generation, 0));

        Assert.Single(_bed.Origin.Requests);
    }

    [Fact]
    public async Task Object_of_which_nothing_came_is_not_kept()
    {
        _bed.Origin.Answer = _ => new OriginResult(null, new Failure(FetchError.HttpProtocolError));
        var generation = _bed.Publish(FakeContent.Sixteen);
        await _bed.ReadAsync(generation, 0);
        Assert.Equal(0, _bed.Index.Count);
        Assert.True(generation.IsRetired);
    }

    [Fact]
    public async Task Failed_slice_leaves_the_others()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = _bed.Publish(FakeContent.Sixteen);
        await _bed.ReadAsync(generation, 0);
        await _bed.SettledAsync(slices: 1);
        _bed.Origin.Answer = _ => new OriginResult(null, new Failure(FetchError.HttpProtocolError));

        await _bed.ReadAsync(generation, 1);

        Assert.False(generation.IsRetired);
        Assert.Equal(1, _bed.Index.Count);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    public async Task Slice_that_failed_is_fetched_anew_by_the_next_reader()
    {
        var generation = _bed.Publish(FakeContent.Sixteen, isShared: false);
        _bed.Origin.Answer = _ => new OriginResult(null, new Failure(FetchError.HttpProtocolError));
        Assert.Equal(("", FetchError.HttpProtocolError), await _bed.ReadAsync(generation, 0));
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        Assert.Equal(("0123", FetchError.None), await _bed.ReadAsync(generation, 0));
    }

    [Fact]
    [Trait("Behaviour", "B17")]
    public async Task Part_shorter_than_asked_for_is_followed_by_the_rest()
    {
        var reading = _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0);
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-0/16", "Content-Length: 1")).Send("0").End();
        var second = await _bed.Origin.NextAsync();
        second.Respond(Partial("bytes 1-2/16", "Content-Length: 2")).Send("12").End();
        var third = await _bed.Origin.NextAsync();
        third.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await reading);
        Assert.Equal(new ByteRange(1, 4), second.Request.Range);
        Assert.Equal(new ByteRange(3, 4), third.Request.Range);
        Assert.Equal(0, _bed.Meter.RetriedSubrequests.Value);
    }

    [Theory]
    [InlineData(65, FetchError.None, 65)]
    [InlineData(66, FetchError.UnusablePartialResponse, 66)]
    public async Task Parts_of_one_byte_are_borne_up_to_a_limit(int sliceBytes, FetchError error, int requests)
    {
        await using var bed = new FetchBed(sliceBytes);
        var content = FakeContent.Sixteen with { Text = new string('x', sliceBytes) };
        bed.Origin.Answer = request =>
        {
            if (request.Range is not { Start: var start })
            {
                // The whole is asked for at last, and is not there either.
                return new OriginResult(new FakeOriginResponse(503), Failure.None);
            }

            return new OriginResult(Partial($"bytes {start}-{start}/{sliceBytes}", "Content-Length: 1").Send("x").End(), Failure.None);
        };

        Assert.Equal(error, (await bed.ReadAsync(bed.Publish(content), 0)).Error);
        Assert.Equal(requests, bed.Origin.Requests.Count);
    }

    [Fact]
    public async Task Body_of_unstated_length_that_ends_with_its_part_is_taken()
    {
        var reading = _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0);
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-3/16")).Send("0123").End();
        Assert.Equal(("0123", FetchError.None), await reading);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    public async Task Body_of_unstated_length_that_ends_early_is_resumed()
    {
        var reading = _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0);
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-3/16")).Send("012").End();
        await _bed.Time.RingNextAsync();
        var resumed = await _bed.Origin.NextAsync();
        resumed.RespondWhole(FakeContent.Sixteen);
        Assert.Equal(("0123", FetchError.None), await reading);
        Assert.Equal(new ByteRange(3, 4), resumed.Request.Range);
    }

    [Fact]
    public async Task Body_of_unstated_length_that_breaks_after_its_part_is_not_complete()
    {
        var reading = _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0);
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-3/16")).Send("0123").Break();
        await _bed.Time.RingNextAsync();
        var resumed = await _bed.Origin.NextAsync();
        resumed.RespondWhole(FakeContent.Sixteen);
        Assert.Equal(("0123", FetchError.None), await reading);
        Assert.Equal(new ByteRange(0, 4), resumed.Request.Range);
    }

    [Fact]
    public async Task Body_of_unstated_length_beyond_its_part_is_refused_before_it_looks_complete()
    {
        var reading = _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0);
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-3/16")).Send("01").Send("234").End();
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-3/16")).Send("01234").End();
        await RefuseWholeAsync();
        Assert.Equal(("", FetchError.UnusablePartialResponse), await reading);
        await _bed.SettledAsync(slices: 0);
    }

    [Theory]
    [InlineData(206, FetchError.UnusablePartialResponse)]
    [InlineData(206, FetchError.UnusablePartialResponse, "Content-Range: bytes 4-7/16")]
    [InlineData(206, FetchError.UnusablePartialResponse, "Content-Range: bytes 0-4/16")]
    [InlineData(206, FetchError.UnusablePartialResponse, "Content-Range: bytes 0-3/16", "Content-Length: 5")]
    [InlineData(206, FetchError.ObjectChanged, "Content-Range: bytes 0-3/16", "Content-Encoding: gzip")]
    [InlineData(204, FetchError.UnexpectedStatus)]
    [InlineData(404, FetchError.UnexpectedStatus)]
    [InlineData(302, FetchError.OriginRefused, "Location: /elsewhere")]
    [InlineData(412, FetchError.ObjectChanged)]
    public async Task Answer_that_is_no_part_of_the_object_is_asked_for_once_more(int status, FetchError error, params string[] fieldLines)
    {
        FakeOriginResponse? response = null;
        _bed.Origin.Answer = _ =>
        {
            response = new FakeOriginResponse(status, [.. fieldLines, "ETag: \"v1\""]).Send("0123456789abcdef").End();
            return new OriginResult(response, Failure.None);
        };

        Assert.Equal(("", error), await _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 0));

        // Where no validator shows that the object is another, the whole is asked for as well (B59).
        bool isOther = error == FetchError.ObjectChanged && status == 206;
        Assert.Equal(isOther ? [false, false] : [false, false, true], _bed.Origin.Requests.Select(request => request.Range is null));
        await Deadline.WithinAsync(response!.Disposed, "the response to be disposed");
        await _bed.SettledAsync(slices: 0);
    }

    // B59: the last request of all, after a part was refused for good.
    private async Task RefuseWholeAsync()
    {
        var exchange = await _bed.Origin.NextAsync();
        Assert.Null(exchange.Request.Range);
        exchange.Respond(new FakeOriginResponse(503));
    }

    // B19, B24: whatever was stored of it is dead.
    [Theory]
    [InlineData(206, true, "ETag: \"v2\"", "Content-Range: bytes 4-7/16")]
    [InlineData(206, true, "ETag: W/\"v1\"", "Content-Range: bytes 4-7/16")]
    [InlineData(206, true, "Content-Range: bytes 4-7/16")]
    [InlineData(206, true, "ETag: \"v1\"", "Content-Range: bytes 4-7/17")]
    [InlineData(200, true, "ETag: \"v2\"", "Content-Length: 16")]
    [InlineData(412, true)]
    [InlineData(416, true, "Content-Range: bytes */3")]
    [InlineData(404, true)]
    [InlineData(410, true)]
    [InlineData(302, false)]
    [InlineData(206, false, "ETag: \"v1\"", "Content-Range: bytes 8-11/16")]
    [InlineData(206, false, "ETag: \"v1\"")]
    [InlineData(200, false, "ETag: \"v1\"", "Content-Length: 16")]
    public async Task Sign_that_the_object_changed_ends_its_generation(int status, bool isChanged, params string[] fieldLines)
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = _bed.Publish(FakeContent.Sixteen);
        await _bed.ReadAsync(generation, 0);
        await _bed.SettledAsync(slices: 1);
        _bed.Origin.Answer = _ => new OriginResult(new FakeOriginResponse(status, fieldLines).Send("zzzz").End(), Failure.None);

        var (text, error) = await _bed.ReadAsync(generation, 1);

        Assert.Equal("", text);
        Assert.NotEqual(FetchError.None, error);
        Assert.Equal(isChanged, generation.IsRetired);
        Assert.Equal(isChanged ? 0 : 1, _bed.Index.Count);
        await _bed.SettledAsync(slices: isChanged ? 0 : 1);
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Object_that_changed_between_two_tries_is_not_spliced()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var reading = _bed.ReadAsync(generation, 0);
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("01").Break();
        await _bed.Time.RingNextAsync();
        var changed = new FakeContent("ABCDEFGHIJKLMNOP", "ETag: \"v2\"");
        (await _bed.Origin.NextAsync()).RespondWhole(changed);
        (await _bed.Origin.NextAsync()).RespondWhole(changed);

        Assert.Equal(("01", FetchError.ObjectChanged), await reading);
        Assert.True(generation.IsRetired);
        await _bed.SettledAsync(slices: 0);
    }

    private static FakeOriginResponse Partial(string contentRange, params string[] fieldLines) =>
        new(206, ["ETag: \"v1\"", "Content-Range: " + contentRange, .. fieldLines]);
}
