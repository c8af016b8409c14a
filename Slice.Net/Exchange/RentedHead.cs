using System.Buffers;

namespace Slice.Net.Exchange;

/// <summary>
/// A finished response head in rented memory; <see cref="ResponseHeadBuilder"/> makes it. Its owner disposes it once, and the memory is
/// invalid afterwards.
/// </summary>
internal struct RentedHead(byte[] buffer, int length) : IDisposable
{
    private byte[]? _buffer = buffer;

    /// <summary>The bytes for the writer.</summary>
    public readonly ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, length);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }
}
