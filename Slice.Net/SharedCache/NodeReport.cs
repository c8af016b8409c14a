namespace Slice.Net.SharedCache;

/// <summary>
/// Tells people when a server is away for longer than a moment, and when it is back: once each. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="changed">Called with the reason, and with null. Must not wait.</param>
internal sealed class NodeReport(TimeProvider time, Action<string?> changed)
{
    /// <summary>Whoever answers within it has stumbled, and nobody needs to know. Arbitrary.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long _failingSince;
    private volatile bool _isFailing;
    private volatile bool _isDown;

    /// <summary>Whether it has failed, and has answered nobody since.</summary>
    public bool IsFailing => _isFailing;

    /// <summary>Whether it is away.</summary>
    public bool IsDown => _isDown;

    /// <summary>It could not be asked, or did not answer.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="lasts">Whether the reason says itself that this goes on for long.</param>
    public void Failed(string reason, bool lasts = false)
    {
        lock (_lock)
        {
            if (!_isFailing)
            {
                (_failingSince, _isFailing) = (time.GetTimestamp(), true);
            }

            if (_isDown || (!lasts && time.GetElapsedTime(_failingSince) < Moment))
            {
                return;
            }

            _isDown = true;
        }

        changed(reason);
    }

    /// <summary>It has answered.</summary>
    public void Answered()
    {
        if (!_isFailing)
        {
            return;
        }

        bool wasDown;
        lock (_lock)
        {
            (wasDown, _isDown, _isFailing) = (_isDown, false, false);
        }

        if (wasDown)
        {
            changed(null);
        }
    }
}
