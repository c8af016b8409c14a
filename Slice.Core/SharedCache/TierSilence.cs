namespace Slice.Core.SharedCache;

/// <summary>
/// For how long nothing long has come from a store, or gone to it, while it was tried again and again. For one caller at a time.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TierSilence(TimeProvider time)
{
    private long? _beganAt;
    private long _lastAt;

    /// <summary>Something has come, or gone.</summary>
    public void End() => _beganAt = null;

    /// <summary>An attempt has met its deadline: whether there was none but such for so long. One after a pause says nothing.</summary>
    /// <param name="attemptedAt">When the attempt began.</param>
    /// <param name="longest">How long that may go on, and how long a pause is.</param>
    public bool LastsFor(long attemptedAt, TimeSpan longest)
    {
        bool isAfterPause = _beganAt is null || time.GetElapsedTime(_lastAt, attemptedAt) > longest;
        long beganAt = isAfterPause ? attemptedAt : _beganAt!.Value;
        (_beganAt, _lastAt) = (beganAt, time.GetTimestamp());
        return time.GetElapsedTime(beganAt) >= longest;
    }
}
