using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Sends the client's own request where a request of ours has failed in a way that may be ours: the client gets what the client would get
/// without us (B59). Thread-safe.
/// </summary>
/// <param name="passThrough">Passes the client's own request through.</param>
/// <param name="unsliced">Remembers where ranges of ours are of no use.</param>
/// <param name="own">Remembers where a client's own request goes out at once.</param>
internal sealed class OwnRequestFallback(PassThroughHandler passThrough, UnslicedPaths unsliced, OwnRequests own)
{
    /// <summary>
    /// Whether the client's own request may fare better than ours did. No head is out; a request with a body is never ours.
    /// </summary>
    public static bool CanHelp(Failure failure) => failure.Error.MayBeOfOurRequest();

    /// <summary>Answers the exchange with the origin's answer to the client's own request.</summary>
    /// <param name="exchange">The exchange; no head is out.</param>
    /// <param name="status">What the cache has done so far.</param>
    /// <param name="failure">Why ours is of no use.</param>
    public async ValueTask RunAsync(HttpExchange exchange, CacheStatus status, Failure failure)
    {
        bool isAboutRanges = exchange.AsksAs == AskingAs.Stranger && IsAboutRanges(exchange, failure.Error);
        var detail = failure.Error == FetchError.OriginRefused ? CacheDetail.Refused : CacheDetail.Unusable;
        await passThrough.HandleAsync(exchange, status with { Detail = detail });
        if (isAboutRanges && exchange.Status is >= 200 and < 300)
        {
            bool wasAnswered = failure.Error is not (FetchError.HttpResponseTimeout or FetchError.HttpResponseIncomplete);
            unsliced.Add(exchange.Key, wasAnswered);
        }
    }

    /// <summary>
    /// Answers a HEAD: as a stranger's, and with the client's own where the client says more about itself and a stranger is refused, lately
    /// or now.
    /// </summary>
    /// <param name="exchange">A HEAD.</param>
    /// <param name="status">Why the answer is not from the store.</param>
    /// <param name="stale">What is stored of the target and not fresh; null for nothing.</param>
    public async ValueTask HandleHeadAsync(HttpExchange exchange, CacheStatus status, Generation? stale)
    {
        long look = OwnRequests.LookOf(exchange.Key, exchange.Template.Fields);
        bool goesFirst = (exchange.HasOwnFields || exchange.HasOwnTarget) && own.GoFirst(exchange.Key, look);
        if (!goesFirst)
        {
            if (await passThrough.TryHandleHeadAsync(exchange, status, stale))
            {
                return;
            }

            // Before the client hears of it, and may ask again.
            own.Note(exchange.Key, look, wentFirst: false, status: 0);
        }

        await passThrough.HandleOwnAsync(exchange, status, isCounted: !goesFirst);
        own.Note(exchange.Key, look, goesFirst, exchange.Status);
    }

    // A part that nobody can use says something about the origin's ranges, whoever asked for it; but only where that was asked as a
    // stranger asks, it says something about the next client's. A refusal, and silence, do where nothing but the range was the client's
    // own. A connection that ends before an answer may well have ended by itself.
    private static bool IsAboutRanges(HttpExchange exchange, FetchError error) => error switch
    {
        FetchError.UnusablePartialResponse or FetchError.UnexpectedStatus => true,
        FetchError.OriginRefused or FetchError.HttpResponseTimeout or FetchError.HttpResponseIncomplete =>
            !exchange.HasOwnFields && !exchange.HasOwnTarget,
        _ => false,
    };
}
