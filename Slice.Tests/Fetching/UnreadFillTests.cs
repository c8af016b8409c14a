using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>A whole body that is read on although its client had its range: how far, and in whose turn (B12, B33).</summary>
public sealed class UnreadFillTests
{
    private const string Strong = "ETag: \"v1\"";
    private const string Weak = "ETag: W/\"v1\"";

    [Theory]
    [InlineData(0, Strong, 1, false)]
    [InlineData(4, Strong, 2, false)]
    [InlineData(11, Strong, 3, false)]
    [InlineData(12, Strong, 4, true)]
    [InlineData(12, Weak, 4, true)]
    [InlineData(11, Weak, 0, false)]
    [Trait("Behaviour", "B12")]
    public async Task Fill_goes_on_within_its_budget_and_what_was_read_stays_if_a_later_answer_can_join_it(
        int budgetBytes, string tag, int slices, bool isComplete)
    {
        await using var bed = new FetchBed(fillWholeBytes: budgetBytes);
        var (generation, response) = await ReadFirstAsync(bed, tag);

        await Deadline.WithinAsync(response.Disposed, "the end of the fill");

        await Eventually.TrueAsync(() => generation.StoredSlices == slices, () => $"{generation.StoredSlices} slices");
        Assert.Equal((isComplete, slices == 0), (generation.IsComplete, generation.IsRetired));
        Assert.Single(bed.Origin.Requests);
        await bed.SettledAsync(slices);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Fill_whose_last_reader_left_before_it_had_its_range_ends()
    {
        await using var bed = new FetchBed(fillWholeBytes: 1 << 20);
        var response = new FakeOriginResponse(200, Strong, "Content-Length: 16").Send("0123");
        var generation = (await FetchAsync(bed, response)).AsFound().Generation;
        Assert.True(generation.Fill!.TryAddReader());
        var later = bed.Acquire(generation, 2);
        Assert.Equal("0123", (await bed.ReadAsync(generation, 0)).Text);
        later.Release();
        generation.Fill!.RemoveReader();
        response.Send("456789abcdef").End();

        await Deadline.WithinAsync(response.Disposed, "the end of the fill");
        await bed.SettledAsync(slices: 3);
        Assert.False(generation.IsRetired);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Fill_that_nobody_reads_waits_for_its_turn_and_ends_without_one()
    {
        await using var bed = new FetchBed(
            gate: new OriginGate(limit: 1, TimeProvider.System), queueTimeout: TimeSpan.FromMilliseconds(1), fillWholeBytes: 1 << 20);
        var response = new FakeOriginResponse(200, Strong, "Content-Length: 16").Send("0123456789abcdef").End();
        var generation = (await FetchAsync(bed, response)).AsFound().Generation;
        Assert.True(generation.Fill!.TryAddReader());
        Assert.Equal("0123", (await bed.ReadAsync(generation, 0)).Text);
        using var taken = await bed.TakePermitAsync();
        generation.Fill!.RemoveReader();

        await Deadline.WithinAsync(response.Disposed, "the end of the fill");

        Assert.Equal((1, false), (generation.StoredSlices, generation.IsRetired));
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Slice_that_takes_a_minute_and_is_read_by_nobody_ends_the_fill()
    {
        await using var bed = new FetchBed(fillWholeBytes: 1 << 20);
        var (generation, response) = await ReadFirstAsync(bed, Strong, sent: "01234");

        // A wait for the first reader may have been begun before.
        while (await bed.Time.RingNextAsync() != TimeSpan.FromMinutes(1))
        {
        }

        await Deadline.WithinAsync(response.Disposed, "the end of the fill");
        await Eventually.TrueAsync(() => generation.Fill is null, () => "the fill has ended");
        Assert.Equal((1, false), (generation.StoredSlices, generation.IsRetired));
        Assert.Empty(bed.Failures);
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    public void There_are_few_unread_fills_at_once()
    {
        var fills = new UnreadFills();
        Assert.All(Enumerable.Range(0, UnreadFills.Most), _ => Assert.True(fills.TryEnter()));
        Assert.False(fills.TryEnter());
        Assert.False(fills.TryEnter());
        fills.Leave();
        Assert.True(fills.TryEnter());
    }

    private static async Task<(Generation Generation, FakeOriginResponse Response)> ReadFirstAsync(
        FetchBed bed, string tag, string sent = "0123456789abcdef")
    {
        var response = new FakeOriginResponse(200, tag, "Content-Length: 16").Send(sent);
        response = sent.Length == 16 ? response.End() : response;
        var generation = (await FetchAsync(bed, response)).AsFound().Generation;
        var fill = generation.Fill!;
        Assert.True(fill.TryAddReader());
        Assert.Equal("0123", (await bed.ReadAsync(generation, 0)).Text);
        fill.RemoveReader();
        return (generation, response);
    }

    private static async Task<ObjectFetchResult> FetchAsync(FetchBed bed, FakeOriginResponse response)
    {
        bed.Origin.Answer = _ => new OriginResult(response, Failure.None);
        var request = new ObjectFetchRequest(StoredObjects.Key(), bed.Context(), 0, Stale: null, Core.Caching.RequestSharing.Allowed);
        return await Deadline.WithinAsync(
            bed.Objects.FetchAsync(request, new Core.Http.FieldTable(), mayWait: true, TestContext.Current.CancellationToken).AsTask(),
            "the object");
    }
}
