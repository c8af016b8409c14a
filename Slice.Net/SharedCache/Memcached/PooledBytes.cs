using System.Buffers;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>Bytes in an array of the shared pool, which has it back when this is disposed. Of one owner at a time.</summary>
/// <param name="length">How many bytes. The array may be up to twice as long.</param>
internal sealed class PooledBytes(int length) : IDisposable
{
    private byte[]? _array = ArrayPool<byte>.Shared.Rent(length);

    /// <summary>The bytes; of no meaning once this is disposed.</summary>
    public Memory<byte> Memory => _array.AsMemory(0, _array is null ? 0 : length);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Twice would give one array to two owners.
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
