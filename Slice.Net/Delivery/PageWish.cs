using System.Threading.Tasks.Sources;
using Slice.Core.Storage;

namespace Slice.Net.Delivery;

/// <summary>
/// One connection's place in line at <see cref="PageResidency"/>, used again and again: a connection waits for one thing at a time, so
/// that the line is never longer than there are connections, and standing in it allocates nothing.
/// </summary>
internal sealed class PageWish : PageWork, IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _completion = new() { RunContinuationsAsynchronously = true };
    private StoredSlice? _slice;
    private int _skipBytes;
    private int _takeBytes;

    /// <summary>What completes when the wish was granted or cannot be; awaited once, before the next wish is made.</summary>
    /// <exception cref="InvalidOperationException">The last wish has not been granted yet.</exception>
    public ValueTask<bool> Make(StoredSlice slice, int skipBytes, int takeBytes)
    {
        if (_slice is not null)
        {
            throw new InvalidOperationException("A connection waits for one thing at a time.");
        }

        (_slice, _skipBytes, _takeBytes) = (slice, skipBytes, takeBytes);
        _completion.Reset();
        return new ValueTask<bool>(this, _completion.Version);
    }

    /// <inheritdoc/>
    public override void Run()
    {
        // Several readers may wish for one slice: the first of them to have its turn compares it.
        Complete(SliceVerification.BringIn(_slice!, _skipBytes, _takeBytes));
    }

    /// <inheritdoc/>
    public override void Abandon() => Complete(false);

    /// <inheritdoc/>
    bool IValueTaskSource<bool>.GetResult(short token) => _completion.GetResult(token);

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _completion.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void Complete(bool isGood)
    {
        _slice = null;
        _completion.SetResult(isGood);
    }
}
