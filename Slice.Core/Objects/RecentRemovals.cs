namespace Slice.Core.Objects;

/// <summary>
/// Tells whether a key was taken out on somebody's behest while an answer for it was awaited (B52). Of fixed size, 128 KiB. Thread-safe.
/// </summary>
/// <remarks>
/// Keys share slots by their hash. A slot counts its removals and remembers the hash of the last one, so that one removal of another key
/// of the slot is told from one of this key. After several of them while one answer is awaited, the answer loses its place though its own
/// key may not be among them: rarely, and a place is all it loses.
/// </remarks>
internal sealed class RecentRemovals
{
    /// <summary>
    /// How many slots there are. Arbitrary: with 100 removals during one fetch, one answer in 50,000 loses its place for nothing.
    /// </summary>
    internal const int Slots = 1 << 14;

    // The count in the upper half, the hash in the lower one: both change at once.
    private readonly long[] _slots = new long[Slots];

    /// <summary>Removals so far of the keys that share the slot of a hash.</summary>
    public int CountOf(int hash) => CountIn(Volatile.Read(ref SlotOf(hash)));

    /// <summary>Counts a removal of the key of a hash.</summary>
    public void Add(int hash)
    {
        ref long slot = ref SlotOf(hash);
        long seen = Volatile.Read(ref slot);
        while (true)
        {
            long counted = ((long)unchecked(CountIn(seen) + 1) << 32) | (uint)hash;
            long found = Interlocked.CompareExchange(ref slot, counted, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    /// <summary>Whether the key of a hash may have been removed since <see cref="CountOf"/> was <paramref name="countSeen"/>.</summary>
    public bool MayHaveSince(int hash, int countSeen)
    {
        long slot = Volatile.Read(ref SlotOf(hash));
        return unchecked(CountIn(slot) - countSeen) switch
        {
            0 => false,
            1 => (int)slot == hash,
            _ => true,
        };
    }

    private static int CountIn(long slot) => (int)(slot >> 32);

    private ref long SlotOf(int hash) => ref _slots[hash & (Slots - 1)];
}
