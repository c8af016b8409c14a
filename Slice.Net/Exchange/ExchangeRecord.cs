using Slice.Core.Caching;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// What is to be told of one finished exchange: for metrics, and for an access log. A view of the <see cref="HttpExchange"/>, valid during
/// the call that hands it out; whoever wants to keep something copies that. Made by its exchange, which handlers tell what only they know.
/// </summary>
internal readonly ref struct ExchangeRecord
{
    /// <summary>Who has sent the request, its id among it.</summary>
    public required ExchangeClient Client { get; init; }

    /// <summary>The request head; null when it was refused before it was known.</summary>
    public RequestHead? Head { get; init; }

    /// <summary>The method as received; empty when the head was refused before it was known.</summary>
    public ReadOnlySpan<byte> Method { get; init; }

    /// <summary>The request-target as received; empty when the head was refused before it was known.</summary>
    public ReadOnlySpan<byte> Target { get; init; }

    /// <summary>Status of the answer; 0 when no head was sent.</summary>
    public int Status { get; init; }

    /// <summary>Bytes of content handed to the kernel, without the bodies of answers of our own (errors, health, PURGE).</summary>
    public long BodyBytes { get; init; }

    /// <summary>Those of them that came from the store.</summary>
    public long BytesFromStore { get; init; }

    /// <summary>What the cache did, in one word.</summary>
    public CacheResult CacheResult { get; init; }

    /// <summary>Why the answer is not kept, not reused or not sliced; none when nothing stood in the way.</summary>
    public CacheDetail CacheDetail { get; init; }

    /// <summary>Slices of the answer that came from the store.</summary>
    public int SlicesHit { get; init; }

    /// <summary>Slices of the answer that came from the origin.</summary>
    public int SlicesFetched { get; init; }

    /// <summary>Slices of the answer that the origin was asked for and did not give; of an object that nobody knows, one.</summary>
    public int SlicesFailed { get; init; }

    /// <summary>
    /// Name of the address of the origin that was asked for this request alone, or whose answer began the object; null for none.
    /// </summary>
    public string? Origin { get; init; }

    /// <summary>
    /// How long the origin was waited for until it had answered with a head, its turn and repeats included; null when it was not asked on
    /// behalf of this request before the head of the answer. Slices that are fetched later are in <see cref="Duration"/>.
    /// </summary>
    public TimeSpan? OriginTime { get; init; }

    /// <summary>From the complete request head to the response head; null when no head was sent, and for a refused head.</summary>
    public TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>From the response head to the last byte, for content that was delivered in slices to its end; else null.</summary>
    public TimeSpan? AssemblyDuration { get; init; }

    /// <summary>
    /// From the complete request head to the last byte handed to the kernel; null for a refused head, which has no such beginning.
    /// </summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How the exchange ended.</summary>
    public ExchangeEnding Ending { get; init; }
}
