using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// Where the interim responses (RFC 9110 §15.2) to a client's own request go: to that client. Calls may come from two threads; all of them
/// have returned when there is a final response, or a failure.
/// </summary>
internal interface IInterimResponses
{
    /// <summary>Passes one on. A client that is gone is noticed by whoever writes the final response. Must not throw.</summary>
    /// <param name="head">The response, valid during the call.</param>
    ValueTask SendAsync(ResponseHead head);

    /// <summary>Tells the client to send its body, unless somebody has told it already. Must not throw.</summary>
    ValueTask SendContinueAsync();
}
