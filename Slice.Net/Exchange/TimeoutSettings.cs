using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>The client-side timeouts in ticks of <see cref="TimeProvider.GetTimestamp"/>. Immutable.</summary>
internal sealed record TimeoutSettings(
    long KeepAlive, long RequestHead, RatedTimeout RequestBody, RatedTimeout Send, long HalfClosed, long Linger, long LastRequest)
{
    // nginx's lingering_timeout.
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(5);

    // A busy client has sent its next request by then, from another continent too. Arbitrary.
    private static readonly TimeSpan s_lastRequest = TimeSpan.FromMilliseconds(500);

    /// <summary>Converts the configured timeouts and rates.</summary>
    public static TimeoutSettings From(SliceOptions options, TimeProvider time)
    {
        TimeoutOptions timeouts = options.Timeouts;
        return new TimeoutSettings(
            ToTimestamp(timeouts.KeepAlive),
            ToTimestamp(timeouts.RequestHead),
            new RatedTimeout(ToTimestamp(timeouts.RequestBody), BytesWithin(timeouts.RequestBody, options.Limits.MinReceiveRate)),
            new RatedTimeout(ToTimestamp(timeouts.Send), BytesWithin(timeouts.Send, options.Limits.MinSendRate)),
            ToTimestamp(timeouts.HalfClosed),
            ToTimestamp(s_linger),
            ToTimestamp(s_lastRequest));

        long ToTimestamp(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
    }

    // Without a rate a single byte is enough.
    private static long BytesWithin(TimeSpan timeout, long bytesPerSecond) => Math.Max(1, (long)(timeout.TotalSeconds * bytesPerSecond));
}

/// <summary>A wait for bytes of a body that lasts as long as enough of them come.</summary>
/// <param name="Timeout">Longest wait without a byte, in ticks of <see cref="TimeProvider.GetTimestamp"/>.</param>
/// <param name="Bytes">Bytes that come within it at the least rate; 1 or more.</param>
internal readonly record struct RatedTimeout(long Timeout, long Bytes)
{
    /// <summary>
    /// Time earned by <paramref name="bytes"/>: what they take at the least rate, at most all of the timeout; 0 for none.
    /// </summary>
    public long Earned(long bytes) => bytes >= Bytes ? Timeout : bytes <= 0 ? 0 : (long)((double)Timeout * bytes / Bytes);
}
