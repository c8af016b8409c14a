using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>What is asked about an object of which nothing usable is stored, on behalf of one client request. Immutable.</summary>
/// <param name="Key">The object's key.</param>
/// <param name="Context">Target and fields for the origin, and the settings of the request.</param>
/// <param name="FirstSliceIndex">
/// The slice the client needs first; it comes with the answer. Null when only the length can tell (a suffix range): one byte is asked for.
/// </param>
/// <param name="Stale">The stored generation that may not be used as it is; it is validated. Null when nothing is stored.</param>
/// <param name="Sharing">What the request says about sharing the answer.</param>
public sealed record ObjectFetchRequest(
    CacheKey Key, FetchContext Context, int? FirstSliceIndex, Generation? Stale, RequestSharing Sharing)
{
    private static readonly ByteRange s_firstByte = new(0, 1);

    /// <summary>
    /// The head of <see cref="Stale"/> that was looked at. When the generation has another one by now, somebody else has validated it
    /// meanwhile.
    /// </summary>
    public StoredResponse? StaleResponse { get; } = Stale?.Response;

    /// <summary>Whether the object is asked for as a whole, because its path is not sliced.</summary>
    public bool IsWhole { get; init; }

    /// <summary>
    /// What is stored of an object that the origin gives as a whole only, and does not have what the client wants. An answer of the same
    /// version goes on with it. Null when there is none.
    /// </summary>
    public Generation? Partial { get; init; }

    /// <summary>What the client asks of a cache.</summary>
    public RequestDirectives Directives { get; init; }

    /// <summary><see cref="ObjectIndex.MarkOf"/> the key when the client asked: a removal since then wins over the answer.</summary>
    public RemovalMark Asked { get; init; }

    /// <summary>Whether what is stored goes on being used until its successor is whole (RFC 5861 §3).</summary>
    public bool IsRefresh { get; init; }

    /// <summary>
    /// Where interim responses go when this request is the one that makes the origin answer; null for nowhere. A request that joins the
    /// fetch of another one gets none.
    /// </summary>
    public IInterimResponseSink? InterimResponses { get; init; }

    /// <summary>What the shared tier has seen of the key; null when it was not asked, and is told nothing.</summary>
    public TierMark? TierMark { get; init; }

    /// <summary>
    /// The turn of this instance to ask the origin; null for none. Who hands it over has to take it (<see cref="TierTurn.Take"/>).
    /// </summary>
    internal TierTurn? TierTurn { get; init; }

    /// <summary>The range that the origin is asked for; null for the whole object.</summary>
    public ByteRange? Range => IsWhole ? null : FirstSliceIndex is { } index ? Context.Settings.Grid.RangeOf(index) : s_firstByte;

    /// <summary>
    /// Whether it is the request that keeps an answer from being shared, so that it says nothing about the answers to others: one refused
    /// client must not make all the others ask for themselves (B51).
    /// </summary>
    internal bool IsWhyUncacheable(ObjectFetchResult result) =>
        Sharing != RequestSharing.Allowed
        || FetchErrors.DependsOnWhoAsks(result.OriginStatus)
        || (result.Detail == CacheDetail.Vary && MaySelectNothing(Context.Template.Fields));

    // Whether one of the fields may be longer than is looked at to tell variants apart.
    private static bool MaySelectNothing(IReadOnlyList<ForwardedField> fields) =>
        fields.Sum(static field => field.Value.Length + 1) > SelectingFields.MaxValueBytes;

    /// <summary>The same, with another stored generation to be validated; null for none.</summary>
    internal ObjectFetchRequest Validating(Generation? stale) => new(Key, Context, FirstSliceIndex, stale, Sharing)
    {
        IsWhole = IsWhole,
        Partial = Partial,
        Directives = Directives,
        Asked = Asked,
        IsRefresh = IsRefresh,
        InterimResponses = InterimResponses,
        TierMark = TierMark,
        TierTurn = TierTurn,
    };
}
