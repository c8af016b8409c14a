using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// Remembers for a while which objects may not be kept, so that their clients do not wait for each other's answers (Varnish calls it
/// hit-for-miss). A guess, never a promise: entries may be overwritten by others at any time. Thread-safe, lock-free, of fixed size.
/// </summary>
public sealed class UncacheableKeys
{
    /// <summary>Entries. Arbitrary; 64 KiB of memory.</summary>
    private const int Slots = 1 << 13;

    /// <summary>How long an object is remembered. Varnish's default for the same thing.</summary>
    private static readonly TimeSpan s_remembered = TimeSpan.FromMinutes(2);

    // Each slot is the hash of a key beside the second until which it counts, in one word, so that no reader sees half of one.
    private readonly long[] _slots = new long[Slots];
    private readonly TimeProvider _time;
    private readonly uint _lastingSeconds;

    /// <summary>Knows nothing yet; remembers for two minutes.</summary>
    public UncacheableKeys(TimeProvider time)
        : this(time, s_remembered)
    {
    }

    /// <summary>Knows nothing yet.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="lasting">How long a key is remembered; whole seconds count.</param>
    public UncacheableKeys(TimeProvider time, TimeSpan lasting) => (_time, _lastingSeconds) = (time, (uint)lasting.TotalSeconds);

    /// <summary>Remembers a key.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        int hash = CacheKeyComparer.HashOf(key);
        Volatile.Write(ref _slots[SlotOf(hash)], Pack(hash, NowSeconds + _lastingSeconds));
    }

    /// <summary>Forgets a key: its answer may be kept after all.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        int hash = CacheKeyComparer.HashOf(key);
        ref long slot = ref _slots[SlotOf(hash)];
        long seen = Volatile.Read(ref slot);
        if ((int)(seen >> 32) == hash)
        {
            Interlocked.CompareExchange(ref slot, 0, seen);
        }
    }

    /// <summary>Whether a key was added, and is still remembered.</summary>
    public bool Contains(ReadOnlySpan<byte> key)
    {
        int hash = CacheKeyComparer.HashOf(key);
        long seen = Volatile.Read(ref _slots[SlotOf(hash)]);
        return (int)(seen >> 32) == hash && (uint)seen > NowSeconds;
    }

    private uint NowSeconds => (uint)(_time.GetTimestamp() / _time.TimestampFrequency);

    private static int SlotOf(int hash) => hash & (Slots - 1);

    private static long Pack(int hash, uint untilSeconds) => ((long)hash << 32) | untilSeconds;
}
