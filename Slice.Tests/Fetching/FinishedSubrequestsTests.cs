using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>How subrequests end, each counted once: the rate of failures, and the guide's alert, stand on it (B69).</summary>
public sealed class FinishedSubrequestsTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new(maxRetries: 1);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    [Trait("Behaviour", "B69")]
    public async Task Object_whose_first_slice_came_is_one_that_ended_well()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = (await FetchAsync()).AsFound().Generation;
        await _bed.ReadAsync(generation, 0);
        await ExpectAsync(completed: 1, failed: 0);

        await _bed.ReadAsync(generation, 1);
        await ExpectAsync(completed: 2, failed: 0);
    }

    [Fact]
    public async Task First_slice_tells_how_long_its_subrequest_took()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        await _bed.ReadAsync((await FetchAsync()).AsFound().Generation, 0);
        await Eventually.TrueAsync(() => _bed.Meter.SubrequestDuration.Recorded.Count == 1, "one duration");
    }

    [Fact]
    [Trait("Behaviour", "B69")]
    public async Task Subrequest_that_was_repeated_and_came_ended_well_once()
    {
        var fetching = FetchAsync();
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionRefused);
        await _bed.Time.RingNextAsync();
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);
        await _bed.ReadAsync((await fetching).AsFound().Generation, 0);
        await ExpectAsync(completed: 1, failed: 0);
        Assert.Equal(2, _bed.Meter.Subrequests.Value);
    }

    // An answer is an answer, whatever it says of the object, unless it is a trouble of the origin's.
    [Theory]
    [Trait("Behaviour", "B69")]
    [InlineData(404, 1, 0)]
    [InlineData(403, 1, 0)]
    [InlineData(302, 1, 0)]
    [InlineData(500, 0, 1)]
    [InlineData(503, 0, 1)]
    [InlineData(429, 0, 1)]
    public async Task Error_status_of_the_origin_is_a_failure_and_another_status_is_none(int status, int completed, int failed)
    {
        _bed.Origin.Answer = _ => new OriginResult(new FakeOriginResponse(status, "Content-Length: 0").End(), Failure.None);
        (await FetchAsync()).Discard();
        await ExpectAsync(completed, failed);
    }

    [Fact]
    [Trait("Behaviour", "B69")]
    public async Task Failure_that_something_stale_stands_in_for_is_one_all_the_same()
    {
        await using var bed = new FetchBed(maxRetries: 0);
        bed.Origin.Answer = _ => new OriginResult(null, new Failure(FetchError.ConnectionRefused));
        var stale = bed.Publish(FakeContent.Sixteen);
        var result = await FetchAsync(bed, stale);
        Assert.Same(stale, result.AsFound().Generation);
        await ExpectAsync(bed, completed: 0, failed: 1);
    }

    [Fact]
    public async Task Slice_that_does_not_come_is_a_failure_and_no_success()
    {
        await using var bed = new FetchBed(maxRetries: 0);
        bed.Origin.Answer = _ => new OriginResult(null, new Failure(FetchError.ConnectionRefused));
        await bed.ReadAsync(bed.Publish(FakeContent.Sixteen), 1);
        await ExpectAsync(bed, completed: 0, failed: 1);
    }

    [Fact]
    public async Task Object_fetch_that_the_shutdown_ends_is_neither()
    {
        var fetching = FetchAsync();
        await _bed.Origin.NextAsync();
        await _bed.StopAsync();
        Assert.Equal(FetchError.ShuttingDown, Assert.IsType<ObjectFetchResult.Failed>(await fetching).Failure.Error);
        await ExpectAsync(completed: 0, failed: 0);
    }

    private Task ExpectAsync(long completed, long failed) => ExpectAsync(_bed, completed, failed);

    // Counted at the end of a fetch, which is after the last byte that a reader sees.
    private static Task ExpectAsync(FetchBed bed, long completed, long failed) => Eventually.TrueAsync(
        () => (bed.Meter.CompletedSubrequests.Value, bed.Meter.FailedSubrequests.Value) == (completed, failed),
        $"{completed} completed and {failed} failed");

    private Task<ObjectFetchResult> FetchAsync() => FetchAsync(_bed, stale: null);

    private static Task<ObjectFetchResult> FetchAsync(FetchBed bed, Generation? stale) => bed.Objects.FetchAsync(
        new ObjectFetchRequest(StoredObjects.Key(), bed.Context(), 0, stale, RequestSharing.Allowed)
        {
            Directives = RequestDirectives.Read(Heads.Get("Cache-Control: stale-if-error=1000000").Fields),
        },
        new FieldTable(),
        mayWait: true,
        TestContext.Current.CancellationToken).AsTask();
}
