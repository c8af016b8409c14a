using Slice.Core.Http;

namespace Slice.Core.Origin;

/// <summary>
/// What every subrequest for one object has in common: taken from the client request that first missed, copied, and independent of
/// it. Immutable.
/// </summary>
/// <param name="Target">
/// Path and query: in normal form, which is that of the key, when others may get the answer (B43); else exactly as the client sent them.
/// </param>
/// <param name="Host">The Host for the origin; null for the origin's own address.</param>
/// <param name="Fields">End-to-end request fields to pass on, without Range, preconditions and Accept-Encoding.</param>
public sealed record SubrequestTemplate(string Target, string? Host, IReadOnlyList<ForwardedField> Fields)
{
    /// <summary>
    /// Address of the client that first missed; empty when nobody knows it. Not sent: the turns at the origin are shared out by it.
    /// </summary>
    public string Client { get; init; } = "";

    /// <summary>The id of the request that first missed, for the origin and for the log; empty for none.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>
    /// Whether the client's own Accept-Encoding is among the fields. Slices are cut from the identity coding, and then it is not: the
    /// origin is asked for that.
    /// </summary>
    public bool PassesAcceptEncoding { get; init; }

    /// <summary>
    /// Whether redirects are followed where the operator allows it: for objects that are cut into slices, and asked for as a stranger asks.
    /// </summary>
    public bool FollowsRedirects { get; init; }

    /// <summary>
    /// Names of those of the fields that say whence a client's request comes (Referer, Origin) and are no part of the key; empty where the
    /// answer is for one client anyway.
    /// </summary>
    public IReadOnlyList<string> Whence { get; init; } = [];
}
