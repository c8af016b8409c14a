using Slice.Core.Fetching;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>A whole body cut into slices at the pace of its fastest reader (B12).</summary>
public sealed class WholeBodyFillTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new(sliceSizeBytes: 4);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Fill_goes_as_far_as_its_readers_have_asked()
    {
        var response = new FakeOriginResponse(200, "ETag: \"v1\"", "Content-Length: 16").Send("0123456789abcdef").End();
        var generation = (await FetchAsync(response)).AsFound().Generation;
        Assert.True(generation.Fill!.TryAddReader());

        Assert.Equal("0123", (await _bed.ReadAsync(generation, 0)).Text);
        Assert.Equal("4567", (await _bed.ReadAsync(generation, 1)).Text);
        await Eventually.TrueAsync(() => generation.StoredSlices == 2, () => $"{generation.StoredSlices} slices");
        Assert.False(response.Disposed.IsCompleted);
        Assert.Equal("cdef", (await _bed.ReadAsync(generation, 3)).Text);
        await Deadline.WithinAsync(response.Disposed, "the end of the fill");

        Assert.True(generation.IsComplete);
        Assert.Null(generation.Fill);
        Assert.Equal("89ab", (await _bed.ReadAsync(generation, 2)).Text);
        Assert.Single(_bed.Origin.Requests);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Fill_ends_when_its_last_reader_has_left_and_what_was_read_stays()
    {
        var response = new FakeOriginResponse(200, "ETag: \"v1\"", "Content-Length: 16").Send("0123456789abcdef").End();
        var generation = (await FetchAsync(response)).AsFound().Generation;
        var fill = (WholeBodyFill)generation.Fill!;
        Assert.True(fill.TryAddReader());
        Assert.True(fill.TryAddReader());
        Assert.Equal("0123", (await _bed.ReadAsync(generation, 0)).Text);
        fill.RemoveReader();
        Assert.False(response.Disposed.IsCompleted);
        fill.RemoveReader();

        await Deadline.WithinAsync(response.Disposed, "the end of the fill");
        await Eventually.TrueAsync(() => generation.Fill is null, () => "the fill has ended");
        Assert.False(fill.TryAddReader());
        Assert.False(generation.IsUsable);
        Assert.Equal((1, 1, false), (_bed.Index.Count, generation.StoredSlices, generation.IsRetired));
        Assert.Empty(_bed.Failures);
    }

    // Who has learned of the object, and reads its end, comes behind who reads all of it; what has no validator cannot be asked for again.
    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Object_that_is_purged_before_anybody_reads_keeps_what_its_body_brings_for_those_who_come()
    {
        var response = new FakeOriginResponse(200, "Content-Length: 16").Send("0123456789abcdef");
        var generation = (await FetchAsync(response)).AsFound().Generation;
        var fill = generation.Fill!;
        generation.Retire();
        Assert.True(generation.TryAddReader());
        Assert.True(fill.TryAddReader());

        // One reader takes all but the last slice, and the other is behind.
        Assert.Equal("89ab", (await _bed.ReadAsync(generation, 2)).Text);
        await Eventually.TrueAsync(() => generation.StoredSlices == 3, () => $"{generation.StoredSlices} slices");
        Assert.Equal("4567", (await _bed.ReadAsync(generation, 1)).Text);

        Assert.Equal("cdef", (await _bed.ReadAsync(generation, 3)).Text);
        response.End();
        await Deadline.WithinAsync(response.Disposed, "the end of the fill");
        await Eventually.TrueAsync(() => generation.Fill is null, () => "the fill has ended");
        Assert.Equal(4, generation.StoredSlices);
        generation.RemoveReader();
        await Eventually.TrueAsync(() => generation.StoredSlices == 0, () => $"{generation.StoredSlices} slices");
        Assert.False(generation.TryAddReader());
    }

    // Between the decision to end and the end a reader must find the door closed: it would join what is about to fail.
    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Fill_that_has_decided_to_end_takes_no_reader()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var fill = new WholeBodyFill(generation, _bed.Time);
        Assert.True(fill.TryAddReader());
        Assert.NotNull(fill.BeginNext());
        fill.EndCurrent();
        fill.RemoveReader();

        Assert.False(await fill.WaitForDemandAsync(TestContext.Current.CancellationToken));
        Assert.False(fill.TryAddReader());
        Assert.False(fill.TryFollow(1, out _));
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Fill_whose_first_reader_never_comes_ends()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var fill = new WholeBodyFill(generation, _bed.Time);
        Assert.NotNull(fill.BeginNext());
        fill.EndCurrent();
        var waiting = fill.WaitForDemandAsync(TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.FromSeconds(10), await _bed.Time.RingNextAsync());

        Assert.False(await waiting);
        Assert.False(fill.TryAddReader());
    }

    [Fact]
    [Trait("Behaviour", "B18")]
    public async Task Body_that_breaks_off_fails_everybody_who_waits()
    {
        var response = new FakeOriginResponse(200, "ETag: \"v1\"", "Content-Length: 16").Send("0123456");
        var generation = (await FetchAsync(response)).AsFound().Generation;
        Assert.True(generation.Fill!.TryAddReader());
        var second = _bed.ReadAsync(generation, 1);
        var last = _bed.ReadAsync(generation, 3);
        Assert.Equal("0123", (await _bed.ReadAsync(generation, 0)).Text);
        response.Break();

        Assert.Equal(("456", FetchError.HttpResponseIncomplete), await second);
        Assert.Equal(("", FetchError.HttpResponseIncomplete), await last);
        await Eventually.TrueAsync(() => _bed.Failures.Count > 0, () => "the failure to be told");
        Assert.Equal([FetchError.HttpResponseIncomplete], _bed.Failures);
        Assert.Equal(0, _bed.Index.Count);
    }

    [Fact]
    public async Task Slice_that_was_passed_and_evicted_is_gone()
    {
        var response = new FakeOriginResponse(200, "ETag: \"v1\"", "Content-Length: 16").Send("0123456789abcdef").End();
        var generation = (await FetchAsync(response)).AsFound().Generation;
        Assert.True(generation.Fill!.TryAddReader());
        Assert.Equal("0123", (await _bed.ReadAsync(generation, 0)).Text);
        Assert.Equal("4567", (await _bed.ReadAsync(generation, 1)).Text);
        Assert.True(generation.TryLease(0, out var slice));
        generation.Drop(slice);
        slice.Release();

        Assert.Equal(("", FetchError.SliceGone), await _bed.ReadAsync(generation, 0));
    }

    private async Task<ObjectFetchResult> FetchAsync(FakeOriginResponse response)
    {
        _bed.Origin.Answer = _ => new OriginResult(response, Failure.None);
        var request = new ObjectFetchRequest(StoredObjects.Key(), _bed.Context(), 0, Stale: null, Core.Caching.RequestSharing.Allowed);
        return await Deadline.WithinAsync(
            _bed.Objects.FetchAsync(request, new Core.Http.FieldTable(), mayWait: true, TestContext.Current.CancellationToken).AsTask(),
            "the fetch of the object");
    }
}
