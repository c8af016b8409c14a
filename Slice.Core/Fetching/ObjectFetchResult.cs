using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>What came of the first request for an object: one of the records inside, a closed list. Immutable.</summary>
public abstract record ObjectFetchResult
{
    private ObjectFetchResult()
    {
    }

    /// <summary>Status of the origin's answer; 0 when there was none (RFC 9211 §2.3).</summary>
    public int OriginStatus { get; init; }

    /// <summary>Whether a body of the answer went to a fetch of slices, which tells how the request ended.</summary>
    public bool GoesOnInSlices { get; init; }

    /// <summary>Name of the address that answered; null when none did.</summary>
    public string? Origin { get; init; }

    /// <summary>Why the answer is not kept, or the object not sliced; none when nothing is in the way.</summary>
    public CacheDetail Detail { get; init; }

    /// <summary>Whether the request of another client brought it (RFC 9211 §2.5).</summary>
    public bool WasCollapsed { get; init; }

    /// <summary>Whether the answer may not be kept for others, so that waiting for each other's answers is of no use.</summary>
    public bool IsUncacheable { get; init; }

    /// <summary>
    /// Whether the origin gave the object as a whole after its answer to a range was of no use: the next request does better without one.
    /// </summary>
    public bool WasRangeUseless { get; init; }

    /// <summary>
    /// Whether only one client may have it: a response with a body to stream, or one that must not be shared. Its taker ends it.
    /// </summary>
    public virtual bool IsExclusive => false;

    /// <summary>Ends a result that nobody uses.</summary>
    public virtual void Discard()
    {
    }

    /// <summary>The object is known; it is served from its generation.</summary>
    /// <param name="Generation">The generation.</param>
    public sealed record Found(Generation Generation) : ObjectFetchResult
    {
        /// <summary>Whether a stored response was found unchanged by this fetch.</summary>
        public bool WasRevalidated { get; init; }

        /// <summary>Whether the shared tier had it, and the origin was not asked.</summary>
        public bool IsOfTier { get; init; }

        /// <summary>Why the origin failed, when a response that is no longer fresh stands in for it (RFC 5861 §4); else none.</summary>
        public Failure StandsInFor { get; init; }

        /// <inheritdoc/>
        public override bool IsExclusive => !Generation.IsShared;

        /// <inheritdoc/>
        public override void Discard()
        {
            if (IsExclusive)
            {
                Generation.Retire();
            }
        }
    }

    /// <summary>The origin gave an answer that is passed on as it is: an error, a redirect, a body of unknown length.</summary>
    /// <param name="Response">The answer.</param>
    /// <param name="Fill">Keeps a copy of the body while it is passed on; null when no copy is kept.</param>
    public sealed record Answered(OriginResponse Response, StreamedBodyFill? Fill) : ObjectFetchResult
    {
        /// <inheritdoc/>
        public override bool IsExclusive => true;

        /// <inheritdoc/>
        public override void Discard()
        {
            Fill?.Dispose();
            Response.Dispose();
        }
    }

    /// <summary>A request of ours cannot tell what there is: the client's own goes out, unchanged.</summary>
    public sealed record PassThrough : ObjectFetchResult;

    /// <summary>No byte of the wanted slice exists (416).</summary>
    /// <param name="CompleteLength">How many bytes do.</param>
    public sealed record Unsatisfiable(long CompleteLength) : ObjectFetchResult;

    /// <summary>
    /// The answer to a range is of no use, and the whole object may be had all the same. Of one try; no client gets it.
    /// </summary>
    /// <param name="IsRefusal">Whether the origin minds the range; else the object is empty, and has no ranges.</param>
    internal sealed record NeedsWhole(bool IsRefusal) : ObjectFetchResult;

    /// <summary>No answer that could be used.</summary>
    /// <param name="Failure">Why.</param>
    public sealed record Failed(Failure Failure) : ObjectFetchResult;
}
