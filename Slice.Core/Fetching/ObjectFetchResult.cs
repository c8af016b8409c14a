using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>What the first subrequest for an object taught: a closed list.</summary>
public enum ObjectFetchResultKind
{
    /// <summary>The object is known; serve it from its generation. <see cref="ObjectFetchResult.Generation"/> is set.</summary>
    Known,

    /// <summary>The origin gave an answer that is passed on as it is: an error, a redirect, a 200 without range support. <see cref="ObjectFetchResult.Response"/> is set.</summary>
    Direct,

    /// <summary>The origin does not know the length: repeat the client's request unchanged.</summary>
    PassThrough,

    /// <summary>No byte of the wanted slice exists (416); <see cref="ObjectFetchResult.CompleteLength"/> says how many bytes do.</summary>
    Unsatisfiable,

    /// <summary>No answer. <see cref="ObjectFetchResult.Failure"/> is set.</summary>
    Failed,
}

/// <summary>The result of learning about an object.</summary>
public sealed record ObjectFetchResult(ObjectFetchResultKind Kind)
{
    /// <summary>The object's generation, for <see cref="ObjectFetchResultKind.Known"/>.</summary>
    public Generation? Generation { get; init; }

    /// <summary>The answer to pass on, for <see cref="ObjectFetchResultKind.Direct"/>; its taker disposes it.</summary>
    public OriginResponse? Response { get; init; }

    /// <summary>
    /// Keeps a copy of <see cref="Response"/>'s body while it is passed on; null when it must not be kept. Its taker completes and disposes it.
    /// </summary>
    public StreamedBodyFill? Recorder { get; init; }

    /// <summary>Whether the answer may not be kept for others, so that waiting for each other's answers is of no use.</summary>
    public bool IsUncacheable { get; init; }

    /// <summary>The length a 416 stated, for <see cref="ObjectFetchResultKind.Unsatisfiable"/>.</summary>
    public long CompleteLength { get; init; }

    /// <summary>What went wrong, for <see cref="ObjectFetchResultKind.Failed"/>.</summary>
    public Failure Failure { get; init; }

    /// <summary>Whether a stored response was found unchanged by this lesson.</summary>
    public bool WasRevalidated { get; init; }

    /// <summary>Whether the origin failed and a response that is no longer fresh stands in (RFC 5861 §4); why it failed is in <see cref="Failure"/>.</summary>
    public bool IsStaleOnError { get; init; }

    /// <summary>Whether it was learnt by the request of another client (RFC 9211 §2.5).</summary>
    public bool WasCollapsed { get; init; }

    /// <summary>Status of the origin's answer, when there was one; else 0 (RFC 9211 §2.3).</summary>
    public int OriginStatus { get; init; }

    /// <summary>Whether only one client may have it: a response with a body to stream, or one that must not be shared.</summary>
    public bool IsExclusive => Kind == ObjectFetchResultKind.Direct || Generation is { IsShared: false };

    /// <summary>No answer, and why.</summary>
    public static ObjectFetchResult Failed(Failure failure) => new(ObjectFetchResultKind.Failed) { Failure = failure };

    /// <summary>Ends an outcome that nobody took.</summary>
    public void Discard()
    {
        Recorder?.Dispose();
        Response?.Dispose();
        if (Generation is { IsShared: false })
        {
            Generation.Retire();
        }
    }
}
