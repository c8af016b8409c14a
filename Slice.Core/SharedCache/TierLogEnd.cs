using System.IO.Hashing;

namespace Slice.Core.SharedCache;

/// <summary>
/// The last entry of a log that was heard, by what it says: a store that was put back, and has counted on since, has another entry under
/// that number. Thread-safe.
/// </summary>
/// <param name="values">The store.</param>
/// <param name="labelAt">The entry of a number.</param>
internal sealed class TierLogEnd(TierValues values, Func<long, TierLabel> labelAt)
{
    private readonly Lock _lock = new();
    private long _number;
    private ulong _digest;

    /// <summary>Notes an entry that was heard, unless a later one was.</summary>
    public void Note(long number, ReadOnlySpan<byte> records) => Recall(number, XxHash3.HashToUInt64(records));

    /// <summary>Notes what an earlier process has heard; nothing when the digest is 0, which is that of nobody who knows.</summary>
    public void Recall(long number, ulong digest)
    {
        lock (_lock)
        {
            if (number > _number && digest != 0)
            {
                (_number, _digest) = (number, digest);
            }
        }
    }

    /// <summary>The digest of the entry of a number; 0 when another entry was heard last.</summary>
    public ulong DigestAt(long number)
    {
        lock (_lock)
        {
            return number == _number ? _digest : 0;
        }
    }

    /// <summary>Nothing was heard.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            (_number, _digest) = (0, 0);
        }
    }

    /// <summary>
    /// Whether the store has another entry under the number now. One that is gone is no sign: a store may forget any value, and does so
    /// after a day. Nor is a store that does not say.
    /// </summary>
    public async ValueTask<bool> IsReplacedAsync(CancellationToken ct)
    {
        var (number, digest) = Read();
        return number > 0
            && await values.GetAsync(labelAt(number), ct) is (_, { } records)
            && XxHash3.HashToUInt64(records) != digest
            && Read().Number == number;
    }

    private (long Number, ulong Digest) Read()
    {
        lock (_lock)
        {
            return (_number, _digest);
        }
    }
}
