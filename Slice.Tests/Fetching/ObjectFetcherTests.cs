using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>What the first answer teaches, and what it costs the origin.</summary>
public sealed class ObjectFetcherTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new(maxRetries: 1);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task First_part_teaches_the_object_and_becomes_its_slice()
    {
        var fetching = FetchAsync(Request(firstSliceIndex: 2));
        var exchange = await _bed.Origin.NextAsync();
        exchange.RespondWhole(FakeContent.Sixteen);

        var outcome = await fetching;

        Assert.IsType<ObjectFetchResult.Found>(outcome);
        Assert.Equal(new ByteRange(8, 12), exchange.Request.Range);
        Assert.Null(exchange.Request.PinnedVersion);
        Assert.Null(exchange.Request.KnownVersion);
        Assert.Equal(new Validator("\"v1\"", null, 16), outcome.AsFound().Generation.Response.Validator);
        Assert.True(_bed.Index.TryGet("/file"u8, new FieldTable(), out var published));
        Assert.Same(outcome.AsFound().Generation, published);
        Assert.Equal(("89ab", FetchError.None), await _bed.ReadAsync(outcome.AsFound().Generation, 2));
        await _bed.SettledAsync(slices: 1);
        Assert.Single(_bed.Origin.Requests);
    }

    // A slice that is stored before its object is known belongs to nobody, and a purge between the two would miss it.
    [Theory]
    [InlineData(206, "Content-Range: bytes 0-3/16", "0123")]
    [InlineData(200, "X-Whole: first slice", "0123")]
    [InlineData(200, "X-Whole: many slices", "0123456789abcdef")]
    public async Task Object_is_found_by_others_before_its_body_is_read(int status, string fieldLine, string body)
    {
        List<bool> known = [];
        var answer = new FakeOriginResponse(status, "ETag: \"v1\"", $"Content-Length: {body.Length}", fieldLine).Send(body).End();
        answer.Reading = () => known.Add(_bed.Index.TryGet("/file"u8, new FieldTable(), out _));
        _bed.Origin.Answer = _ => new OriginResult(answer, Failure.None);

        var generation = (await FetchAsync(Request())).AsFound().Generation;

        Assert.Equal(("0123", FetchError.None), await _bed.ReadAsync(generation, 0));
        Assert.NotEmpty(known);
        Assert.DoesNotContain(false, known);
    }

    [Fact]
    public async Task First_part_that_breaks_off_is_resumed_by_its_fetch()
    {
        var fetching = FetchAsync(Request());
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("0").Break();
        var generation = (await fetching).AsFound().Generation;
        var reading = _bed.ReadAsync(generation, 0);
        await _bed.Time.RingNextAsync();
        var resumed = await _bed.Origin.NextAsync();
        resumed.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await reading);
        Assert.Equal(new ByteRange(1, 4), resumed.Request.Range);
        Assert.Equal(generation.Response.Validator, resumed.Request.PinnedVersion);
    }

    [Fact]
    public async Task Object_whose_first_part_is_lost_at_once_is_not_kept()
    {
        await using var bed = new FetchBed(maxRetries: 0);
        bed.Origin.Answer = request => new OriginResult(FakeContent.Sixteen.Head(request).Break(), Failure.None);

        var outcome = await bed.Objects.FetchAsync(
            Request(bed: bed), new FieldTable(), mayWait: true, TestContext.Current.CancellationToken);

        Assert.IsType<ObjectFetchResult.Found>(outcome);
        Assert.Equal(0, bed.Index.Count);
        Assert.True(outcome.AsFound().Generation.IsRetired);
        await bed.SettledAsync(slices: 0);
    }

    [Fact]
    public async Task Length_alone_is_learnt_from_one_byte()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var outcome = await FetchAsync(Request(firstSliceIndex: null));
        Assert.Equal(new ByteRange(0, 1), Assert.Single(_bed.Origin.Requests).Range);
        Assert.Equal(16, outcome.AsFound().Generation.CompleteLength);
        await _bed.SettledAsync(slices: 0);
    }

    [Fact]
    public async Task Many_who_ask_for_one_object_share_one_object_fetch()
    {
        var fetching = Enumerable.Range(0, 50).Select(_ => FetchAsync(Request())).ToArray();
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);
        var outcomes = await Deadline.WithinAsync(Task.WhenAll(fetching), "fifty lessons");
        Assert.Single(outcomes.Select(outcome => outcome.AsFound().Generation).Distinct());
        Assert.Single(_bed.Origin.Requests);
    }

    [Fact]
    public async Task Object_that_became_known_meanwhile_costs_no_request()
    {
        var known = _bed.Publish(FakeContent.Sixteen);
        Assert.Same(known, (await FetchAsync(Request())).AsFound().Generation);
        Assert.Empty(_bed.Origin.Requests);
    }

    [Fact]
    public async Task Object_that_is_dead_or_stale_is_asked_about()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var dead = _bed.Publish(FakeContent.Sixteen);
        dead.Retire();
        var second = (await FetchAsync(Request())).AsFound().Generation;
        Assert.NotSame(dead, second);
        await _bed.SettledAsync(slices: 1);

        _bed.Time.Advance(TimeSpan.FromHours(1));
        Assert.NotSame(second, (await FetchAsync(Request())).AsFound().Generation);
        Assert.Equal(2, _bed.Origin.Requests.Count);
    }

    // B13.
    [Theory]
    [InlineData(0)]
    [InlineData(null)]
    public async Task Small_object_answered_whole_is_one_slice(int? firstSliceIndex)
    {
        Answer(200, "xyz", "Content-Length: 3", "ETag: \"v1\"");
        var outcome = await FetchAsync(Request(firstSliceIndex));
        Assert.IsType<ObjectFetchResult.Found>(outcome);
        Assert.Equal(3, outcome.AsFound().Generation.CompleteLength);
        Assert.Equal("xyz", (await _bed.ReadAsync(outcome.AsFound().Generation, 0)).Text);
        await _bed.SettledAsync(slices: 1);
        Assert.Single(_bed.Origin.Requests);
    }

    [Theory]
    [InlineData(200, 0, "X-Chunked: yes")]
    [InlineData(302, 1, "Content-Length: 3")]
    [InlineData(301, 0, "Location: /elsewhere")]
    [InlineData(404, 0)]
    [InlineData(410, 0)]
    public async Task Answer_without_parts_is_passed_on_with_its_body(int status, int firstSliceIndex, params string[] fieldLines)
    {
        var response = new FakeOriginResponse(status, fieldLines);
        _bed.Origin.Answer = _ => new OriginResult(response, Failure.None);

        var outcome = await FetchAsync(Request(firstSliceIndex));

        Assert.IsType<ObjectFetchResult.Answered>(outcome);
        Assert.Same(response, outcome.AsAnswered().Response);
        Assert.False(response.Disposed.IsCompleted);
        Assert.Equal(FetchBed.GateLimit, _bed.Gate.Free);
        Assert.Equal(0, _bed.Index.Count);
    }

    [Theory]
    [InlineData(206, typeof(ObjectFetchResult.PassThrough), 0, "Content-Range: bytes 0-3/*")]
    [InlineData(206, typeof(ObjectFetchResult.PassThrough), 0, "Content-Range: bytes 0-3/9223372036854775807")]
    [InlineData(206, typeof(ObjectFetchResult.Failed), 0)]
    [InlineData(206, typeof(ObjectFetchResult.Failed), 0, "Content-Range: bytes 0-4/16")]
    [InlineData(206, typeof(ObjectFetchResult.Failed), 0, "Content-Range: bytes 1-3/16")]
    [InlineData(206, typeof(ObjectFetchResult.Failed), 0, "Content-Range: bytes 0-3/16", "Content-Length: 3")]
    [InlineData(206, typeof(ObjectFetchResult.Failed), 0, "Content-Range: bytes 0-3/16", "Content-Encoding: gzip")]
    [InlineData(206, typeof(ObjectFetchResult.Failed), 0, "Content-Type: multipart/byteranges; boundary=x")]
    [InlineData(416, typeof(ObjectFetchResult.Unsatisfiable), 2, "Content-Range: bytes */8")]
    [InlineData(416, typeof(ObjectFetchResult.PassThrough), 2, "Content-Range: bytes */9")]
    [InlineData(416, typeof(ObjectFetchResult.PassThrough), 0, "Content-Range: bytes 0-3/16")]
    [InlineData(416, typeof(ObjectFetchResult.PassThrough), 0)]
    public async Task Answer_that_gives_no_slice_is_told_apart(int status, Type kind, int firstSliceIndex, params string[] fieldLines)
    {
        var response = new FakeOriginResponse(status, fieldLines);
        _bed.Origin.Answer = _ => new OriginResult(response, Failure.None);

        Assert.IsType(kind, await FetchAsync(Request(firstSliceIndex)));

        await Deadline.WithinAsync(response.Disposed, "the response to be disposed");
        await _bed.SettledAsync(slices: 0);
        Assert.Equal(0, _bed.Index.Count);
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Origin_that_asks_to_be_asked_again_soon_is_asked_again()
    {
        var fetching = FetchAsync(Request());
        (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(503, "Retry-After: 2"));
        Assert.Equal(TimeSpan.FromSeconds(2), await _bed.Time.RingNextAsync());
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);
        Assert.IsType<ObjectFetchResult.Found>((await fetching));
        Assert.Equal(1, _bed.Meter.RetriedSubrequests.Value);
    }

    [Fact]
    public async Task Error_of_the_origin_that_stays_is_passed_on()
    {
        var fetching = FetchAsync(Request());
        (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(503, "Retry-After: 0"));
        await _bed.Time.RingNextAsync();
        var last = (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(502));
        Assert.Same(last, (await fetching).AsAnswered().Response);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    [InlineData(429, "Retry-After: 1")]
    [InlineData(503, "Retry-After: 11")]
    [InlineData(503, "Retry-After: 99999999999")]
    [InlineData(503, "Retry-After: soon")]
    [InlineData(503, "Date: Thu, 01 Jan 2026 00:00:00 GMT", "Retry-After: Thu, 01 Jan 2026 00:02:00 GMT")]
    [Trait("Behaviour", "B20")]
    public async Task Error_that_asks_for_no_repeat_or_a_late_one_is_the_answer(int status, params string[] fieldLines)
    {
        var answer = new FakeOriginResponse(status, fieldLines);
        _bed.Origin.Answer = _ => new OriginResult(answer, Failure.None);

        Assert.Same(answer, (await FetchAsync(Request())).AsAnswered().Response);

        Assert.Single(_bed.Origin.Requests);
        Assert.Equal([KeyValuePair.Create($"{status}", 1L)], _bed.Meter.OriginErrors.Read());
    }

    [Fact]
    public async Task Origin_that_stays_away_fails_the_object_fetch()
    {
        var fetching = FetchAsync(Request());
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionRefused);
        await _bed.Time.RingNextAsync();
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionTimeout);
        Assert.Equal(FetchError.ConnectionTimeout, Assert.IsType<ObjectFetchResult.Failed>(await fetching).Failure.Error);
        Assert.Equal(1, _bed.Meter.FailedSubrequests.Value);
        await _bed.SettledAsync(slices: 0);
    }

    [Fact]
    public async Task Object_fetch_without_a_turn_at_the_origin_in_time_fails()
    {
        await using var bed = new FetchBed(gate: new OriginGate(limit: 1, TimeProvider.System), queueTimeout: TimeSpan.Zero);
        using var taken = await bed.TakePermitAsync();
        var outcome = await bed.Objects.FetchAsync(
            Request(bed: bed), new FieldTable(), mayWait: true, TestContext.Current.CancellationToken);
        Assert.Equal(FetchError.OriginQueueTimeout, Assert.IsType<ObjectFetchResult.Failed>(outcome).Failure.Error);
        Assert.Empty(bed.Origin.Requests);
    }

    [Fact]
    public async Task Shutdown_ends_the_object_fetch()
    {
        var fetching = FetchAsync(Request());
        await _bed.Origin.NextAsync();
        await _bed.StopAsync();
        Assert.Equal(FetchError.ShuttingDown, Assert.IsType<ObjectFetchResult.Failed>(await fetching).Failure.Error);
        await _bed.SettledAsync(slices: 0);
    }

    [Fact]
    public async Task Fault_of_ours_fails_the_object_fetch_and_leaves_nobody_waiting()
    {
        _bed.Origin.Answer = _ => throw new InvalidOperationException("a bug");
        Assert.Equal(FetchError.ProxyInternalError, Assert.IsType<ObjectFetchResult.Failed>(await FetchAsync(Request())).Failure.Error);
        await _bed.SettledAsync(slices: 0);
    }

    // B28, B29.
    [Theory]
    [InlineData(RequestSharing.Allowed, "Cache-Control: private")]
    [InlineData(RequestSharing.Allowed, "Cache-Control: no-store")]
    [InlineData(RequestSharing.Allowed, "Set-Cookie: a=b")]
    [InlineData(RequestSharing.Allowed, "Vary: *")]
    [InlineData(RequestSharing.Own, "Cache-Control: max-age=60")]
    [InlineData(RequestSharing.Forbidden, "Cache-Control: max-age=60")]
    public async Task Answer_for_one_is_served_in_slices_and_kept_from_others(RequestSharing sharing, string fieldLine)
    {
        _bed.Origin.Answer = (FakeContent.Sixteen with { FieldLines = [fieldLine] }).Result;
        var outcome = await FetchAsync(Request() with { Sharing = sharing });
        Assert.IsType<ObjectFetchResult.Found>(outcome);
        Assert.True(outcome.IsExclusive);
        Assert.False(outcome.AsFound().Generation.IsShared);
        Assert.Equal(0, _bed.Index.Count);
        Assert.Equal("0123", (await _bed.ReadAsync(outcome.AsFound().Generation, 0)).Text);
        outcome.Discard();
        await _bed.SettledAsync(slices: 0);
    }

    private Task<ObjectFetchResult> FetchAsync(ObjectFetchRequest request) =>
        Deadline.WithinAsync(
            _bed.Objects.FetchAsync(request, new FieldTable(), mayWait: true, TestContext.Current.CancellationToken).AsTask(),
            "the fetch of the object");

    private void Answer(int status, string body, params string[] fieldLines) =>
        _bed.Origin.Answer = _ => new OriginResult(new FakeOriginResponse(status, fieldLines).Send(body).End(), Failure.None);

    private ObjectFetchRequest Request(int? firstSliceIndex = 0, FetchBed? bed = null) =>
        new(StoredObjects.Key(), (bed ?? _bed).Context(), firstSliceIndex, Stale: null, Sharing: RequestSharing.Allowed);
}
