using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Which answers to a stranger's request are no answers to a client that says more about itself (B50): the client's own request then
/// fares better. Pure.
/// </summary>
internal static class StrangersAnswers
{
    /// <summary>Whether the result of a stranger's fetch is for strangers only.</summary>
    public static bool AreOnly(HttpExchange exchange, ObjectFetchResult result) => result switch
    {
        ObjectFetchResult.Found { Generation: { IsShared: true } found } =>
            found.Selecting?.Match(exchange.Head.Fields) == false || HideFrom(exchange, found.Response),
        ObjectFetchResult.Found or ObjectFetchResult.Answered => AreOnly(exchange, result.OriginStatus, result.Detail),

        // A part that is of no use to a stranger is of none to anybody.
        ObjectFetchResult.Failed { Failure.Error: not FetchError.UnusablePartialResponse and var error } => error.DependsOnWhoAsks(),
        _ => false,
    };

    /// <summary>Whether an answer of this status, which is not kept for this reason, is for strangers only.</summary>
    public static bool AreOnly(HttpExchange exchange, int status, CacheDetail detail) =>
        IsRefusal(status) || IsPersonal(exchange, detail);

    /// <summary>
    /// Whether a stored answer is none for this client: an error or a redirect, which may be of what a stranger leaves out, whatever field
    /// it is that a client is known by.
    /// </summary>
    public static bool HideFrom(HttpExchange exchange, StoredResponse response) => response.IsForStrangers && exchange.HasOwnFields;

    // Any error may be of what our request leaves out (B59): an application without the name of its tenant says 400, 404 or 500 as it
    // likes, and one that hides what a stranger may not see says 404 (RFC 9110 §15.5.4). 416 is about our range.
    private static bool IsRefusal(int status) => status >= 300 && status is not (304 or 416);

    // The origin says of its answer to a stranger that it is that stranger's alone: it may have another one for somebody it knows.
    private static bool IsPersonal(HttpExchange exchange, CacheDetail detail) =>
        exchange.HasOwnFields && detail is (CacheDetail.NoStore or CacheDetail.Private or CacheDetail.SetCookie or CacheDetail.Vary);
}
