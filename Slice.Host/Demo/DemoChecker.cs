using System.Buffers;

namespace Slice.Host.Demo;

/// <summary>Compares a body, as it arrives, with what belongs at each position. One per download; not thread-safe.</summary>
internal sealed class DemoChecker(ulong seed, long start) : IDisposable
{
    // Half of a common L2 cache: the expected bytes are compared while still warm.
    private const int ScratchBytes = 64 << 10;

    private readonly byte[] _scratch = ArrayPool<byte>.Shared.Rent(ScratchBytes);

    /// <summary>Position of the first byte not yet known to be right.</summary>
    public long Position { get; private set; } = start;

    /// <summary>Takes the next bytes of the body.</summary>
    /// <returns>False when a byte differs; <see cref="Position"/> is then the first that does.</returns>
    public bool TryTake(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int take = Math.Min(bytes.Length, ScratchBytes);
            var expected = _scratch.AsSpan(0, take);
            DemoContent.Fill(Position, expected, seed);
            int equal = bytes[..take].CommonPrefixLength(expected);
            Position += equal;
            if (equal < take)
            {
                return false;
            }

            bytes = bytes[take..];
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_scratch);
}
