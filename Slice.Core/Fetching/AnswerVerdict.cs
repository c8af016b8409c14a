using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>
/// What the head of an answer means for others than the client that asked: whether they may have the answer, and whether what is stored
/// goes for it (B52). Immutable.
/// </summary>
internal readonly record struct AnswerVerdict
{
    /// <summary>Why others may not have the answer; none when they may.</summary>
    public CacheDetail Detail { get; private init; }

    /// <summary>The fields that another request must agree in; null when any does.</summary>
    public SelectingFields? Selecting { get; private init; }

    /// <summary>Whether others may have the answer.</summary>
    public bool IsShared => Detail == CacheDetail.None;

    /// <summary>Whether waiting for an answer like this is of no use to others that ask for the key.</summary>
    public bool IsUncacheable { get; private init; }

    /// <summary>
    /// Whether the answer may be kept beside, or instead of, what is stored now. Always where nothing is stored.
    /// </summary>
    public bool TakesPlace { get; private init; }

    /// <summary>
    /// Whether the origin has said that what was to be validated is not the object any more: 404, a redirect, other bytes. Not when the
    /// origin failed or found fault with the request, and not when the answer is for one client only because that client wants it so.
    /// </summary>
    public bool EndsStored { get; private init; }

    /// <summary>Judges an answer.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="received">The head of the answer.</param>
    /// <param name="index">What is stored.</param>
    public static AnswerVerdict Of(ObjectFetchRequest request, in ReceivedResponse received, ObjectIndex index)
    {
        var template = request.Context.Template;
        var detail = request.Context.Reader.Judge(
            received, request.Sharing, template, index.SelectingNamesOf(request.Key), out var selecting);
        bool isAboutWhence = Storability.IsAboutWhence(received, template);
        if (detail == CacheDetail.None && isAboutWhence && template.Whence.Any(name => selecting?.Has(name) != true))
        {
            detail = CacheDetail.OwnFields;
        }

        bool isShared = detail == CacheDetail.None;
        int status = received.Response.Status;
        bool takesPlace = TakesPlaceOf(request, received, selecting, isAboutWhence, index);

        // B52: only an answer that could have been stored; a redirect without a lifetime could not. Others that are not kept still tell
        // that the object is gone or has other bytes.
        bool isForAll = isShared || (request.Sharing == RequestSharing.Allowed && !IsRedirect(status));
        return new AnswerVerdict
        {
            Detail = detail,
            Selecting = selecting,
            IsUncacheable = !isShared && !isAboutWhence,
            TakesPlace = takesPlace,
            EndsStored = StoredResponse.IsAboutTheObject(status) && isForAll && !isAboutWhence && takesPlace,
        };
    }

    private static bool TakesPlaceOf(
        ObjectFetchRequest request, in ReceivedResponse received, SelectingFields? selecting, bool isAboutWhence, ObjectIndex index)
    {
        int status = received.Response.Status;

        // An error that may be kept must not push out what stands in for it (RFC 5861 §4), nor an answer about one request the object that
        // others get.
        bool isOfTheOrigin = status >= 500 && request.Stale is { IsUsable: true };
        if (isOfTheOrigin || (!StoredResponse.IsAboutTheObject(status) && index.HoldsObject(request.Key)))
        {
            return false;
        }

        // By its Vary it is for requests from there only, and what has none is for all.
        if (isAboutWhence && index.HoldsObject(request.Key, static generation => generation.Selecting is null))
        {
            return false;
        }

        return !IsRedirect(status) || RedirectTakesPlaceOf(request, received, selecting, index);
    }

    // A redirect says where the object is for the time being, to this client at least. What is fresh is good until then.
    private static bool RedirectTakesPlaceOf(
        ObjectFetchRequest request, in ReceivedResponse received, SelectingFields? selecting, ObjectIndex index)
    {
        bool isLasting = received.Lifetime > TimeSpan.Zero && !received.Directives.NoCache;
        var now = received.ReceivedAt;
        return !index.HoldsObject(request.Key, generation => !isLasting || (IsFreshContent(generation, now) && IsInTheWay(generation)));

        bool IsInTheWay(Generation generation) =>
            generation == request.Stale || selecting is null || generation.Selecting is null || selecting.Equals(generation.Selecting);
    }

    private static bool IsFreshContent(Generation generation, Instant now) =>
        generation.Response is { Status: < 300, RequiresValidation: false } content && content.Freshness.IsFreshAt(now);

    private static bool IsRedirect(int status) => status is >= 300 and < 400;
}
