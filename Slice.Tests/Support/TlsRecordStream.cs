using System.Buffers.Binary;

namespace Slice.Tests.Support;

/// <summary>Passes a stream on and counts the TLS records that were read from it (RFC 8446 §5.1). For one reader.</summary>
public sealed class TlsRecordStream(Stream inner) : Stream
{
    private const int HeaderBytes = 5;

    private readonly MemoryStream _read = new();

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes of payload of each record that was read whole, in order.</summary>
    public IReadOnlyList<int> Lengths
    {
        get
        {
            var lengths = new List<int>();
            var rest = _read.ToArray().AsSpan();
            while (rest.Length >= HeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(rest[3..]) is var length
                && rest.Length >= HeaderBytes + length)
            {
                lengths.Add(length);
                rest = rest[(HeaderBytes + length)..];
            }

            return lengths;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        _read.Write(buffer.Span[..read]);
        return read;
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _read.Dispose();
        }

        base.Dispose(disposing);
    }
}
