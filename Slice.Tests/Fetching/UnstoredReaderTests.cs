using System.Text;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>Bytes that go to a client past the store.</summary>
public sealed class UnstoredReaderTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new(maxRetries: 1);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Piece_is_asked_for_with_its_version_pinned_and_no_permit_stays_behind()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;

        Assert.Equal(("2345", FetchError.None), await ReadAsync(new ByteRange(2, 6)));

        var request = Assert.Single(_bed.Origin.Requests);
        Assert.Equal((new ByteRange(2, 6), "\"v1\""), (request.Range!.Value, request.PinnedVersion!.EntityTag));
        Assert.Equal(FetchBed.GateLimit, _bed.Gate.Free);
    }

    [Fact]
    [Trait("Behaviour", "B18")]
    public async Task Piece_that_breaks_off_is_resumed_at_the_byte_reached()
    {
        var reading = ReadAsync(new ByteRange(0, 8));
        (await _bed.Origin.NextAsync()).RespondPartial(FakeContent.Sixteen).Send("012").Break();
        await _bed.Time.RingNextAsync();
        var resumed = await _bed.Origin.NextAsync();
        resumed.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("01234567", FetchError.None), await reading);
        Assert.Equal(new ByteRange(3, 8), resumed.Request.Range);
        Assert.Equal(FetchBed.GateLimit, _bed.Gate.Free);
    }

    [Fact]
    [Trait("Behaviour", "B17")]
    public async Task Part_shorter_than_asked_for_costs_no_repeat()
    {
        var reading = ReadAsync(new ByteRange(0, 4));
        (await _bed.Origin.NextAsync()).Respond(Partial("bytes 0-0/16", "Content-Length: 1")).Send("0").End();
        var second = await _bed.Origin.NextAsync();
        second.RespondWhole(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await reading);
        Assert.Equal(new ByteRange(1, 4), second.Request.Range);
        Assert.Equal((0, 2), (_bed.Meter.RetriedSubrequests.Value, _bed.Meter.SubrequestDuration.Recorded.Count));
    }

    [Fact]
    [Trait("Behaviour", "B17")]
    public async Task Body_longer_than_its_part_is_not_taken()
    {
        _bed.Origin.Answer = _ => new OriginResult(Partial("bytes 0-3/16").Send("01234").End(), Failure.None);
        Assert.Equal(FetchError.UnusablePartialResponse, (await ReadAsync(new ByteRange(0, 4))).Error);
        Assert.Equal(1, _bed.Meter.FailedSubrequests.Value);
    }

    [Fact]
    public async Task Failure_that_stays_is_told_and_leaves_no_permit_behind()
    {
        var reading = ReadAsync(new ByteRange(0, 4));
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionRefused);
        await _bed.Time.RingNextAsync();
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionTimeout);

        Assert.Equal(FetchError.ConnectionTimeout, (await reading).Error);
        Assert.Equal(FetchBed.GateLimit, _bed.Gate.Free);
    }

    [Fact]
    public async Task Bytes_of_another_version_are_not_joined()
    {
        _bed.Origin.Answer = (FakeContent.Sixteen with { FieldLines = ["ETag: \"v2\""] }).Result;
        Assert.Equal(FetchError.ObjectChanged, (await ReadAsync(new ByteRange(0, 4))).Error);
    }

    // B23. Otherwise each request finds the version that the origin does not have, until its freshness ends, and fails.
    [Fact]
    public async Task Version_that_the_origin_has_no_more_leaves_the_index()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        _bed.Origin.Answer = _ => new OriginResult(new FakeOriginResponse(412).End(), Failure.None);

        var failure = await _bed.Unstored.ReadAsync(
            generation, _bed.Context(), new ByteRange(0, 4), new byte[4], TestContext.Current.CancellationToken);

        Assert.Equal(FetchError.ObjectChanged, failure.Error);
        Assert.Equal((0, true), (_bed.Index.Count, generation.IsRetired));
    }

    [Fact]
    public async Task Whole_body_is_asked_for_again_when_the_origin_is_busy()
    {
        var generation = _bed.Publish(FakeContent.Sixteen, isShared: false);
        var opening = _bed.Unstored.OpenWholeAsync(
            generation, _bed.Context(), skipBytes: 10, TestContext.Current.CancellationToken).AsTask();
        (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(503).End());
        await _bed.Time.RingNextAsync();
        (await _bed.Origin.NextAsync()).Respond(
            new FakeOriginResponse(200, "ETag: \"v1\"", "Content-Length: 16").Send("0123456789abcdef").End());

        using var response = (await Deadline.WithinAsync(opening, "the second answer")).Response;
        byte[] buffer = new byte[16];
        var read = await response!.ReadAsync(buffer);
        Assert.Equal("abcdef", Encoding.Latin1.GetString(buffer, 0, read.Bytes));
        Assert.Equal(FetchBed.GateLimit, _bed.Gate.Free);
    }

    [Theory]
    [InlineData("ETag: \"v1\"", FetchError.None)]
    [InlineData("ETag: \"v2\"", FetchError.ObjectChanged)]
    [InlineData("X-None: 1", FetchError.ObjectChanged)]
    public async Task Whole_body_goes_on_where_the_client_is_if_its_version_is_the_same(string field, FetchError expected)
    {
        var generation = _bed.Publish(FakeContent.Sixteen, isShared: false);
        _bed.Origin.Answer = _ => new OriginResult(
            new FakeOriginResponse(200, field, "Content-Length: 16").Send("0123456789abcdef").End(), Failure.None);

        var opened = await _bed.Unstored.OpenWholeAsync(generation, _bed.Context(), skipBytes: 10, TestContext.Current.CancellationToken);

        Assert.Equal(expected, opened.Failure.Error);
        Assert.Equal(FetchBed.GateLimit, _bed.Gate.Free);
        if (expected == FetchError.None)
        {
            byte[] buffer = new byte[16];
            var read = await opened.Response!.ReadAsync(buffer);
            Assert.Equal("abcdef", Encoding.Latin1.GetString(buffer, 0, read.Bytes));
        }
    }

    private static FakeOriginResponse Partial(string contentRange, params string[] fields) =>
        new(206, ["ETag: \"v1\"", $"Content-Range: {contentRange}", .. fields]);

    private async Task<(string Text, FetchError Error)> ReadAsync(ByteRange piece)
    {
        var generation = _bed.Publish(FakeContent.Sixteen, isShared: false);
        byte[] buffer = new byte[piece.Length];
        var failure = await Deadline.WithinAsync(
            _bed.Unstored.ReadAsync(generation, _bed.Context(), piece, buffer, TestContext.Current.CancellationToken).AsTask(),
            "the piece");
        return (Encoding.Latin1.GetString(buffer), failure.Error);
    }
}
