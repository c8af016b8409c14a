using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// The place of a body among the fetches of a new generation, before the body goes on: the generation may be published, and whoever finds
/// it follows. Its owner goes on with the body or disposes the place, which ends the fetch for those who follow. Not thread-safe.
/// </summary>
internal sealed class PreparedFetch : IDisposable
{
    private readonly SliceFetcher _fetcher;
    private readonly SliceFetch? _slice;
    private readonly WholeBodyFill? _fill;
    private bool _isContinued;

    /// <summary>The place of a body that is one slice, or a part of one.</summary>
    public PreparedFetch(SliceFetcher fetcher, SliceFetch slice) => (_fetcher, _slice) = (fetcher, slice);

    /// <summary>The place of a body that holds the whole object.</summary>
    public PreparedFetch(SliceFetcher fetcher, WholeBodyFill fill) => (_fetcher, _fill) = (fetcher, fill);

    /// <summary>Goes on with the answer that tells us of the object, which passes to the fetch.</summary>
    /// <param name="context">What further subrequests look like.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="part">The bytes that the answer has.</param>
    public void Continue(FetchContext context, PermittedResponse answer, ByteRange part)
    {
        _isContinued = true;
        if (_slice is not null)
        {
            _fetcher.Continue(_slice, context, answer.HandOver(), part);
        }
        else
        {
            _fetcher.ContinueWhole(_fill!, answer.HandOverWithoutPermit(), context);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isContinued)
        {
            return;
        }

        var failure = new Failure(FetchError.ProxyInternalError, "the fetch was prepared and not continued");
        if (_slice is not null)
        {
            _fetcher.Finish(_slice, failure);
        }
        else
        {
            _fetcher.FinishWhole(_fill!, failure);
        }
    }
}
