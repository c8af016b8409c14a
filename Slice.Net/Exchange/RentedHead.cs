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

    /// <summary>What is left of the memory behind the head, for the first bytes of a body.</summary>
    public readonly Memory<byte> Room => _buffer.AsMemory(length);

    /// <summary>The head and the first bytes of <see cref="Room"/>, for one write.</summary>
    public readonly ReadOnlyMemory<byte> BytesWith(int bodyBytes) => _buffer.AsMemory(0, length + bodyBytes);

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
