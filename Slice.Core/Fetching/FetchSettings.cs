using Slice.Core.Caching;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// What the operator has set for everything that is fetched on behalf of one request. A request takes one at its beginning, and what is
/// fetched for that request goes by it to the end, also after a reload. Immutable.
/// </summary>
public sealed class FetchSettings
{
    /// <summary>Where the bytes come from.</summary>
    public required IOriginClient Origin { get; init; }

    /// <summary>The grid that objects are cut on from now on. Objects that are stored already keep theirs.</summary>
    public required SliceGrid Grid { get; init; }

    /// <summary>How often and after which wait a failed subrequest is repeated.</summary>
    public required RetryPolicy Retries { get; init; }

    /// <summary>What is kept of an answer, for whom and for how long, where the operator says nothing about the path.</summary>
    public required StoredResponseReader Reader { get; init; }

    /// <summary>
    /// Most bytes of one whole body that are fetched although nobody reads them (<c>fill_whole</c>). 0, the default, for none.
    /// </summary>
    public long FillWholeBytes { get; init; }

    /// <summary>Longest wait of a subrequest for its turn at the origin (<c>timeouts.origin_queue</c>).</summary>
    public required TimeSpan QueueTimeout { get; init; }
}
