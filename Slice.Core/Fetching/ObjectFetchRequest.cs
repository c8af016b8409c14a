using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>What a client request needs to learn about an object of which nothing usable is stored. Immutable.</summary>
/// <param name="Key">The object's key.</param>
/// <param name="Template">Target and fields for the origin.</param>
/// <param name="FirstSliceIndex">
/// The slice the client needs first; it is fetched with the lesson. Null when only the length can tell (a suffix range): one byte
/// is asked for.
/// </param>
/// <param name="Stale">The stored generation that may not be used as it is; it is validated. Null when nothing is stored.</param>
/// <param name="Sharing">What the request says about sharing the answer.</param>
public sealed record ObjectFetchRequest(
    CacheKey Key, SubrequestTemplate Template, int? FirstSliceIndex, Generation? Stale, RequestSharing Sharing)
{
    /// <summary>
    /// The head of <see cref="Stale"/> that was looked at. When the generation has another one by now, somebody else has validated it
    /// meanwhile.
    /// </summary>
    public StoredResponse? StaleResponse { get; } = Stale?.Response;

    /// <summary>Whether the object is asked for as a whole, because its path is not sliced.</summary>
    public bool IsWhole { get; init; }

    /// <summary>What the client asks of a cache.</summary>
    public RequestDirectives Directives { get; init; }

    /// <summary>Whether what is stored goes on being used until its successor is whole (RFC 5861 §3).</summary>
    public bool IsRefresh { get; init; }
}
