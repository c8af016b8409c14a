using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Core.Origin;

/// <summary>One GET to the origin. Immutable.</summary>
/// <param name="Template">Target and fields.</param>
/// <param name="Range">Bytes to ask for; null for the whole object.</param>
public sealed record OriginRequest(SubrequestTemplate Template, ByteRange? Range)
{
    /// <summary>
    /// The version the bytes must come from: sent as <c>If-Match</c> (strong entity tag) or <c>If-Unmodified-Since</c>, so that
    /// a changed object answers 412 and not foreign bytes. Null: any version.
    /// </summary>
    public Validator? PinnedVersion { get; init; }

    /// <summary>Whether bytes of a version that was found earlier are asked for, pinned or not.</summary>
    public bool IsOfVersion { get; init; }

    /// <summary>
    /// The version we hold: sent as <c>If-None-Match</c> and <c>If-Modified-Since</c>, so that an unchanged object answers 304.
    /// </summary>
    public Validator? KnownVersion { get; init; }

    /// <summary>
    /// The address of the origin that has just failed this request (<see cref="Failure.Origin"/>): another one is asked when there is one.
    /// Null: none has.
    /// </summary>
    public string? FailedOrigin { get; init; }

    /// <summary>The address of the origin to ask first, unless it rests or has just failed; null for whichever has its turn.</summary>
    public string? PreferredOrigin { get; init; }

    /// <summary>
    /// Whether the request fails at once, without a try, while every address rests after failures: for whom something else will do.
    /// </summary>
    public bool SparesResting { get; init; }

    /// <summary>
    /// Addresses that are known to have another version and are not asked. When there is no other, the answer is
    /// <see cref="FetchError.ObjectChanged"/>.
    /// </summary>
    public IReadOnlyList<string> OriginsOfOtherVersions { get; init; } = [];

    /// <summary>
    /// Cancelled when nobody wants the answer any more: ends the wait for the response head, and what follows the head goes on. Never by
    /// default.
    /// </summary>
    public CancellationToken Abandoned { get; init; }

    /// <summary>
    /// Cancelled when a client waits for the answer; until then the request lets others go first (<see cref="GateTicket.Wanted"/>).
    /// Default: one does.
    /// </summary>
    public CancellationToken Wanted { get; init; }

    /// <summary>Where interim responses go; null for nowhere.</summary>
    public IInterimResponseSink? InterimResponses { get; init; }
}
