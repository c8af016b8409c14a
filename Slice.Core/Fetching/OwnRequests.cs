using System.Runtime.InteropServices;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>
/// Remembers for a while of which objects the origin refuses a stranger, so that a client that says more about itself than a stranger does
/// costs one request and not two (B59). A guess, never a promise: entries may be overwritten by others at any time. Thread-safe, of fixed
/// size.
/// </summary>
/// <remarks>
/// Where a client's own request is refused like a stranger's, the next client's own may not be, and is what that client is answered by; so
/// it goes out at once there, too. But only where the stranger's would look the same: what is refused because of a User-Agent or a Referer
/// must not cost others their common answers (B51). The first own request that is answered better ends that memory, as the stranger's may
/// be answered by now.
/// </remarks>
/// <param name="time">The clock.</param>
public sealed class OwnRequests(TimeProvider time)
{
    private readonly UncacheableKeys _needed = new(time);
    private readonly UncacheableKeys _refusedAlike = new(time);

    /// <summary>What is remembered of a request of ours: its object, and the fields that it would have. Of this process.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="fields">The fields of a stranger's request on behalf of the client.</param>
    public static long LookOf(ReadOnlySpan<byte> key, IReadOnlyList<ForwardedField> fields)
    {
        var hash = default(HashCode);
        foreach (var field in fields)
        {
            hash.Add(field.Name);
            hash.Add(field.Value);
        }

        return ((long)CacheKeyComparer.HashOf(key) << 32) | (uint)hash.ToHashCode();
    }

    /// <summary>Whether a client's own request goes out at once, without one of ours before.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="look"><see cref="LookOf"/> the request of ours.</param>
    public bool GoFirst(ReadOnlySpan<byte> key, long look) => _needed.Contains(key) || _refusedAlike.Contains(BytesOf(ref look));

    /// <summary>Tells how a client's own request has fared.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="look"><see cref="LookOf"/> the request of ours.</param>
    /// <param name="wentFirst">Whether it went out at once; else after a stranger's, which was refused.</param>
    /// <param name="status">Status of the origin's answer; 0 when there was none.</param>
    public void Note(ReadOnlySpan<byte> key, long look, bool wentFirst, int status)
    {
        bool isBetter = status is (>= 200 and < 300) or 304;
        if (wentFirst && isBetter)
        {
            _refusedAlike.Remove(BytesOf(ref look));
        }
        else if (isBetter)
        {
            _needed.Add(key);
        }
        else if (!wentFirst)
        {
            _refusedAlike.Add(BytesOf(ref look));
        }
    }

    private static ReadOnlySpan<byte> BytesOf(ref long look) => MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref look, 1));
}
