using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>An object that is stored and no longer fresh (RFC 9111 §4.3): one request decides about all of its slices.</summary>
public sealed class ObjectFetcherValidationTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new();

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Not_modified_freshens_the_object_with_all_its_slices()
    {
        var stale = await StoreStaleAsync();
        var outcome = await FetchAsync(stale, new FakeOriginResponse(304, "ETag: \"v1\"", "Cache-Control: max-age=60"));

        Assert.IsType<ObjectFetchResult.Found>(outcome);
        Assert.True(outcome.AsFound().WasRevalidated);
        Assert.Same(stale, outcome.AsFound().Generation);
        Assert.True(stale.Response.Freshness.IsFreshAt(Instant.Now(_bed.Time)));
        Assert.Equal(TimeSpan.FromSeconds(60), stale.Response.Freshness.Lifetime);
        Assert.Equal(stale.Response.Validator, _bed.Origin.Requests[^1].KnownVersion);
        await _bed.SettledAsync(slices: 1);
        Assert.Equal(1, _bed.Index.Count);
    }

    // What is said to one client changes nothing for others (B52): good for who asked, and the next one asks again.
    [Theory]
    [InlineData("Cache-Control: no-store")]
    [InlineData("Cache-Control: private")]
    [Trait("Behaviour", "B52")]
    public async Task Not_modified_that_forbids_storing_leaves_the_object_as_it_was(string fieldLine)
    {
        var stale = await StoreStaleAsync();
        var before = stale.Response;
        var outcome = await FetchAsync(stale, new FakeOriginResponse(304, "ETag: \"v1\"", fieldLine));
        Assert.Same(stale, outcome.AsFound().Generation);
        Assert.True(outcome.AsFound().WasRevalidated);
        Assert.Same(before, stale.Response);
        Assert.Equal(1, _bed.Index.Count);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    public async Task Part_of_the_same_version_is_as_good_as_not_modified()
    {
        var stale = await StoreStaleAsync();
        var outcome = await FetchAsync(
            stale,
            new FakeOriginResponse(206, "ETag: \"v1\"", "Content-Range: bytes 0-3/16", "Content-Length: 4", "Cache-Control: max-age=60")
                .Send("0123")
                .End());
        Assert.Same(stale, outcome.AsFound().Generation);
        Assert.True(outcome.AsFound().WasRevalidated);
        Assert.Equal(TimeSpan.FromSeconds(60), stale.Response.Freshness.Lifetime);
        await _bed.SettledAsync(slices: 1);
    }

    [Theory]
    [InlineData("ETag: \"v2\"", "Content-Range: bytes 0-3/16")]
    [InlineData("ETag: \"v1\"", "Content-Range: bytes 0-3/17")]
    [InlineData("X-None: 1", "Content-Range: bytes 0-3/16")]
    public async Task Part_of_another_version_replaces_the_object(params string[] fieldLines)
    {
        var stale = await StoreStaleAsync();
        var outcome = await FetchAsync(stale, new FakeOriginResponse(206, fieldLines).Send("ABCD").End());

        Assert.NotSame(stale, outcome.AsFound().Generation);
        Assert.False(outcome.AsFound().WasRevalidated);
        Assert.True(stale.IsRetired);
        Assert.Equal("ABCD", (await _bed.ReadAsync(outcome.AsFound().Generation, 0)).Text);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    [Trait("Behaviour", "B25")]
    public async Task Part_without_any_validator_is_never_the_same_version()
    {
        var stale = await StoreStaleAsync(FakeContent.Sixteen with { FieldLines = [] });
        var outcome = await FetchAsync(stale, new FakeOriginResponse(206, "Content-Range: bytes 0-3/16").Send("ABCD").End());
        Assert.NotSame(stale, outcome.AsFound().Generation);
        Assert.True(stale.IsRetired);
    }

    [Theory]
    [InlineData(404, true)]
    [InlineData(410, true)]
    [InlineData(302, false)]
    [InlineData(200, true)]
    [InlineData(501, false)]
    public async Task Answer_of_another_kind_ends_the_object_where_it_tells_of_the_object(int status, bool isRemoved)
    {
        var stale = await StoreStaleAsync();
        var outcome = await FetchAsync(stale, new FakeOriginResponse(status));
        Assert.IsType<ObjectFetchResult.Answered>(outcome);
        Assert.Equal(isRemoved, stale.IsRetired);
        Assert.Equal(isRemoved ? 0 : 1, _bed.Index.Count);
    }

    [Fact]
    public async Task Answer_for_one_ends_the_object_for_others()
    {
        var stale = await StoreStaleAsync();
        var outcome = await FetchAsync(
            stale, new FakeOriginResponse(206, "ETag: \"v1\"", "Cache-Control: private", "Content-Range: bytes 0-3/16").Send("0123").End());
        Assert.False(outcome.AsFound().Generation.IsShared);
        Assert.True(stale.IsRetired);
        Assert.Equal(0, _bed.Index.Count);
    }

    // A suffix range asks for one byte, which tells the length and is no slice. A record without a slice is never evicted.
    [Fact]
    public async Task Refresh_that_learns_an_object_nobody_reads_leaves_no_record()
    {
        var stale = await StoreStaleAsync();
        var answer = new FakeOriginResponse(206, "ETag: \"v2\"", "Content-Range: bytes 0-0/16", "Content-Length: 1").Send("A").End();
        _bed.Origin.Answer = _ => new OriginResult(answer, Failure.None);

        _bed.Objects.Refresh(
            new ObjectFetchRequest(StoredObjects.Key(), _bed.Context(), FirstSliceIndex: null, stale, Sharing: RequestSharing.Allowed),
            new FieldTable());

        await Deadline.WithinAsync(answer.Disposed, "the answer to be read");
        await Eventually.TrueAsync(() => _bed.Index.Count == 0, () => $"{_bed.Index.Count} records");
        Assert.Equal(new ByteRange(0, 1), _bed.Origin.Requests[^1].Range);
        Assert.True(stale.IsRetired);
        await _bed.SettledAsync(slices: 0);
    }

    private async Task<Generation> StoreStaleAsync(FakeContent? content = null)
    {
        content ??= FakeContent.Sixteen;
        _bed.Origin.Answer = content.Result;
        var generation = _bed.Publish(content);
        await _bed.ReadAsync(generation, 3);
        await _bed.SettledAsync(slices: 1);
        _bed.Time.Advance(TimeSpan.FromHours(1));
        Assert.False(generation.Response.Freshness.IsFreshAt(Instant.Now(_bed.Time)));
        return generation;
    }

    private Task<ObjectFetchResult> FetchAsync(Generation stale, FakeOriginResponse answer)
    {
        _bed.Origin.Answer = _ => new OriginResult(answer, Failure.None);
        var request = new ObjectFetchRequest(
            StoredObjects.Key(), _bed.Context(), FirstSliceIndex: 0, stale, Sharing: RequestSharing.Allowed);
        return Deadline.WithinAsync(
            _bed.Objects.FetchAsync(request, new FieldTable(), mayWait: true, TestContext.Current.CancellationToken).AsTask(),
            "the fetch of the object");
    }
}
