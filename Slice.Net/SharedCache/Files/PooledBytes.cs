using System.Buffers;

namespace Slice.Net.SharedCache.Files;

/// <summary>Memory of the pool, given back once on disposal, by whichever thread. Its one owner disposes it.</summary>
/// <param name="lengthBytes">How many bytes of it are meant.</param>
internal sealed class PooledBytes(int lengthBytes) : IDisposable
{
    private byte[]? _array = ArrayPool<byte>.Shared.Rent(lengthBytes);

    /// <summary>The bytes.</summary>
    public Memory<byte> Memory => _array.AsMemory(0, lengthBytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
