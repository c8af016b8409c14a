namespace Slice.Net.SharedCache.Memcached;

/// <summary>What a server has under a key: a value, or the head of one with room for the rest. The owner disposes the bytes.</summary>
/// <param name="Bytes">The value, or memory for the whole of it with the first piece in it.</param>
/// <param name="RemainingSeconds">Seconds until the item goes; −1 for never.</param>
/// <param name="Cas">The number of this version.</param>
/// <param name="Layout">How the value is cut up; null when it is whole.</param>
/// <param name="Digest">The digest in front of each part; empty when it is whole.</param>
internal sealed record FetchedItem(PooledBytes Bytes, int RemainingSeconds, ulong Cas, SplitLayout? Layout, ReadOnlyMemory<byte> Digest);
