using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>
/// What the shared tier has of an object is used before the origin is asked, as far as the request may be answered with it.
/// </summary>
public sealed class TierLookupTests : IAsyncDisposable
{
    private static readonly TierMark s_mark = new(4, 5, 6);

    private readonly FetchBed _bed = new();
    private readonly HeadTier _tier = new();

    public TierLookupTests()
    {
        _bed.Lookup.Tier = _tier;
        _bed.Origin.Answer = _ => new OriginResult(new FakeOriginResponse(304, "ETag: \"v1\"", "Cache-Control: max-age=60"), Failure.None);
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Object_that_the_tier_has_fresh_costs_no_request()
    {
        _tier.Variants = [Object(Response())];

        var found = (await FetchAsync(NewRequest())).AsFound();

        Assert.Empty(_bed.Origin.Requests);
        Assert.Equal("\"v1\"", found.Generation.Response.Validator.EntityTag);
        Assert.Equal(s_mark, found.Generation.TierMark);
        Assert.Equal(1, _bed.Index.Count);
    }

    [Fact]
    public async Task Stale_object_that_is_stored_here_is_freshened_by_the_head_of_the_tier()
    {
        var stale = _bed.Publish(FakeContent.Sixteen);
        stale.TierMark = s_mark with { Doubts = 0 };
        _bed.Time.Advance(TimeSpan.FromHours(1));
        _tier.Variants = [Object(Response())];

        var found = (await FetchAsync(NewRequest(stale))).AsFound();

        Assert.Empty(_bed.Origin.Requests);
        Assert.Same(stale, found.Generation);
        Assert.True(stale.Response.Freshness.IsFreshAt(Instant.Now(_bed.Time)));
        Assert.Equal(s_mark, stale.TierMark);
    }

    [Fact]
    public async Task Another_version_of_the_tier_takes_the_place_of_the_one_that_is_stored_here()
    {
        var stale = _bed.Publish(FakeContent.Sixteen);
        _bed.Time.Advance(TimeSpan.FromHours(1));
        _tier.Variants = [Object(Response(entityTag: "\"v2\""))];

        var found = (await FetchAsync(NewRequest(stale))).AsFound();

        Assert.Empty(_bed.Origin.Requests);
        Assert.Equal("\"v2\"", found.Generation.Response.Validator.EntityTag);
        Assert.True(stale.IsRetired);
    }

    [Fact]
    public async Task Object_that_the_tier_has_stale_is_validated_at_the_origin()
    {
        _tier.Variants = [Object(Response(age: TimeSpan.FromHours(2)))];

        var found = (await FetchAsync(NewRequest())).AsFound();

        Assert.Equal("\"v1\"", Assert.Single(_bed.Origin.Requests).KnownVersion?.EntityTag);
        Assert.True(found.WasRevalidated);
        Assert.True(found.Generation.Response.Freshness.IsFreshAt(Instant.Now(_bed.Time)));
    }

    [Fact]
    public async Task Client_that_wants_a_new_answer_gets_the_origins()
    {
        _tier.Variants = [Object(Response())];

        await FetchAsync(NewRequest() with { Directives = new RequestDirectives { NoCache = true } });

        Assert.Single(_bed.Origin.Requests);
    }

    [Theory]
    [InlineData("de", 0)]
    [InlineData("fr", 1)]
    public async Task Variant_of_the_tier_answers_who_asks_for_it_alone(string language, int requests)
    {
        Assert.True(SelectingFields.TryRead(
            "Accept-Language", [new ForwardedField("Accept-Language", "de")], passesAcceptEncoding: false, out var selecting));
        _tier.Variants = [Object(Response()) with { Selecting = selecting }];
        _bed.Origin.Answer = FakeContent.Sixteen.Result;

        var found = (await FetchAsync(NewRequest(), $"Accept-Language: {language}")).AsFound();

        Assert.Equal(requests, _bed.Origin.Requests.Count);
        Assert.Equal(requests == 0, selecting!.Equals(found.Generation.Selecting));
        Assert.All(_bed.Origin.Requests, static request => Assert.Null(request.KnownVersion));
    }

    [Fact]
    public async Task Body_that_comes_with_the_head_is_stored_here()
    {
        _tier.Variants = [Object(Response(completeLength: 6)) with { Body = "abcdef"u8.ToArray() }];

        var found = (await FetchAsync(NewRequest())).AsFound();

        Assert.Equal("abcd", (await _bed.ReadAsync(found.Generation, 0)).Text);
        Assert.Equal("ef", (await _bed.ReadAsync(found.Generation, 1)).Text);
        Assert.Empty(_bed.Origin.Requests);
    }

    // A removal that came here since the client asked wins over what the tier had.
    [Fact]
    public async Task Object_that_was_removed_while_the_tier_was_asked_is_not_kept()
    {
        var request = NewRequest();
        _tier.Variants = [Object(Response())];
        _tier.Asked = () => _bed.Index.Remove("/file"u8);
        _bed.Origin.Answer = FakeContent.Sixteen.Result;

        await FetchAsync(request);

        Assert.Single(_bed.Origin.Requests);
    }

    [Fact]
    public async Task What_may_not_be_shared_is_not_looked_for()
    {
        _tier.Variants = [Object(Response())];

        await FetchAsync(NewRequest(sharing: RequestSharing.Forbidden));

        Assert.Equal(0, _tier.Looks);
        Assert.Single(_bed.Origin.Requests);
    }

    private static TierObject Object(StoredResponse response) => new(new SliceGrid(4), null, IsWhole: false, response, Body: null);

    private StoredResponse Response(string entityTag = "\"v1\"", TimeSpan age = default, long completeLength = 16) =>
        new(
            new Validator(entityTag, null, completeLength),
            new Freshness(Instant.Now(_bed.Time), age, TimeSpan.FromHours(1)),
            fieldLines: Array.Empty<byte>(),
            lastModifiedDate: null,
            date: null)
        {
            MayCombine = true,
            HasRanges = true,
        };

    private ObjectFetchRequest NewRequest(Generation? stale = null, RequestSharing sharing = RequestSharing.Allowed) =>
        new(StoredObjects.Key(), _bed.Context(), FirstSliceIndex: 0, stale, sharing) { Asked = _bed.Index.MarkOf("/file"u8) };

    private Task<ObjectFetchResult> FetchAsync(ObjectFetchRequest request, params string[] fieldLines)
    {
        var fields = fieldLines.Length == 0
            ? new FieldTable()
            : Heads.Get(fieldLines).Fields;
        return Deadline.WithinAsync(
            _bed.Objects.FetchAsync(request, fields, mayWait: true, TestContext.Current.CancellationToken).AsTask(),
            "the fetch of the object");
    }

    private sealed class HeadTier : ISharedTier
    {
        public bool IsUp => true;

        public IReadOnlyList<TierObject> Variants { get; set; } = [];

        public Action? Asked { get; set; }

        public int Looks { get; private set; }

        public ValueTask<TierObjects?> FindAsync(CacheKey key, CancellationToken ct)
        {
            Looks++;
            Asked?.Invoke();
            return ValueTask.FromResult<TierObjects?>(new TierObjects(s_mark, default, Variants, null));
        }

        public ValueTask<TierSlice> ReadAsync(Generation generation, int sliceIndex, bool isNext, CancellationToken ct) => default;

        public ValueTask<TierSlice> FollowAsync(Generation generation, int sliceIndex, CancellationToken ct) => default;

        public void Offer(Generation generation, TierTurn? turn)
        {
        }

        public void Offer(Generation generation, int sliceIndex, bool isWithHead, TierTurn? turn)
        {
        }

        public void Changed(Generation old, Generation? successor)
        {
        }

        public void OfferStored(Generation generation)
        {
        }

        public void LearnedAlone(Generation generation)
        {
        }

        public void Removed(ReadOnlySpan<byte> key)
        {
        }
    }
}
