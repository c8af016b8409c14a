using System.Buffers.Text;

namespace Slice.Core.Caching;

/// <summary>What our cache did with one request: the values of Cache-Status (RFC 9211) and X-Cache.</summary>
public readonly record struct CacheStatus
{
    /// <summary>
    /// Longest output of <see cref="Write"/> in bytes: the parameters, a detail, and five numbers of at most 20 characters each.
    /// </summary>
    public const int MaxBytes = 256;

    /// <summary>Why the request was forwarded; <see cref="ForwardReason.None"/> for a hit.</summary>
    public ForwardReason Forward { get; init; }

    /// <summary>Status of the origin's answer; 0 when it is not known or the same as ours.</summary>
    public int ForwardStatus { get; init; }

    /// <summary>Whether what came from the origin for this answer is going to be kept.</summary>
    public bool IsStored { get; init; }

    /// <summary>Whether the answer is made of something that is kept, or going to be: only then is there a lifetime to tell.</summary>
    public bool IsKept { get; init; }

    /// <summary>Why the answer is not kept, not reused or not sliced (RFC 9211 §2.8).</summary>
    public CacheDetail Detail { get; init; }

    /// <summary>Whether another client's request brought it.</summary>
    public bool IsCollapsed { get; init; }

    /// <summary>Whether it is used although it is no longer fresh.</summary>
    public bool IsStale { get; init; }

    /// <summary>Whether the origin said that what is stored is still good.</summary>
    public bool WasRevalidated { get; init; }

    /// <summary>Slices of the answer that were stored.</summary>
    public int Hits { get; init; }

    /// <summary>Slices of the answer.</summary>
    public int Slices { get; init; }

    /// <summary>Whether bytes of the object came with the answer to a first subrequest for it.</summary>
    public bool IsFirstFetched => Forward != ForwardReason.None && !WasRevalidated && !IsStale;

    /// <summary>The same in one word.</summary>
    public CacheResult Result => this switch
    {
        { IsStale: true } => CacheResult.Stale,
        { Forward: ForwardReason.Bypass or ForwardReason.Method } => CacheResult.Bypass,
        { IsFirstFetched: false } when Hits == Slices => CacheResult.Hit,
        { Hits: > 0 } => CacheResult.Partial,
        _ => CacheResult.Miss,
    };

    /// <summary>The value of X-Cache for a result (B30).</summary>
    public static ReadOnlySpan<byte> XCacheOf(CacheResult result) => result switch
    {
        CacheResult.Hit => "HIT"u8,
        CacheResult.Partial => "PARTIAL"u8,
        CacheResult.Stale => "STALE"u8,
        CacheResult.Bypass => "BYPASS"u8,
        _ => "MISS"u8,
    };

    /// <summary>Writes the value of Cache-Status; returns its length. The destination holds <see cref="MaxBytes"/>.</summary>
    /// <param name="destination">Where it goes.</param>
    /// <param name="timeToLiveSeconds">For how long it is fresh from now, negative when it is not; null when it is not cached.</param>
    public int Write(Span<byte> destination, long? timeToLiveSeconds)
    {
        int length = Append(destination, 0, "pingora-slice"u8);
        var forward = Forward == ForwardReason.None && Hits < Slices ? (Hits == 0 ? ForwardReason.Miss : ForwardReason.Partial) : Forward;
        length = Append(destination, length, Token(forward));
        if (ForwardStatus != 0)
        {
            length = Append(destination, length, "; fwd-status="u8);
            length = Append(destination, length, ForwardStatus);
        }

        if (timeToLiveSeconds is { } seconds)
        {
            length = Append(destination, length, "; ttl="u8);
            length = Append(destination, length, seconds);
        }

        length = Append(destination, length, IsStored ? "; stored"u8 : default);
        length = Append(destination, length, IsCollapsed ? "; collapsed"u8 : default);
        if (Slices > 0)
        {
            length = Append(destination, length, "; slices=\""u8);
            length = Append(destination, length, Hits);
            length = Append(destination, length, "/"u8);
            length = Append(destination, length, Slices);
            length = Append(destination, length, "\""u8);
        }

        return Detail == CacheDetail.None ? length : Append(destination, Append(destination, length, "; detail="u8), Detail.Token());
    }

    private static ReadOnlySpan<byte> Token(ForwardReason reason) => reason switch
    {
        ForwardReason.None => "; hit"u8,
        ForwardReason.Bypass => "; fwd=bypass"u8,
        ForwardReason.Method => "; fwd=method"u8,
        ForwardReason.UriMiss => "; fwd=uri-miss"u8,
        ForwardReason.VaryMiss => "; fwd=vary-miss"u8,
        ForwardReason.Request => "; fwd=request"u8,
        ForwardReason.Stale => "; fwd=stale"u8,
        ForwardReason.Partial => "; fwd=partial"u8,
        _ => "; fwd=miss"u8,
    };

    private static int Append(Span<byte> destination, int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(destination[length..]);
        return length + text.Length;
    }

    private static int Append(Span<byte> destination, int length, long number)
    {
        Utf8Formatter.TryFormat(number, destination[length..], out int written);
        return length + written;
    }
}
