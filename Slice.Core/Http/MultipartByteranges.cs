using System.Security.Cryptography;
using System.Text;
using Slice.Core.Ranges;

namespace Slice.Core.Http;

/// <summary>
/// The framing of one <c>multipart/byteranges</c> body (RFC 9110 §14.6, RFC 2046 §5.1.1): what stands before each part and after the
/// last, and how long all of it is. The boundary is random, 128 bits, so that no object holds it but by a chance nobody will see.
/// Immutable.
/// </summary>
public sealed class MultipartByteranges
{
    /// <summary>
    /// What a part costs besides its bytes, roughly: boundary, Content-Range and Content-Type of usual length. Ranges closer to each other
    /// are cheaper as one part.
    /// </summary>
    public const int UsualPartOverheadBytes = 128;

    private const int BoundaryBytes = 32;

    private readonly ByteRange[] _parts;
    private readonly long _completeLength;
    private readonly byte[] _contentType;
    private readonly byte[] _boundary;

    /// <summary>The framing of these parts.</summary>
    /// <param name="parts">The parts in the order of the answer, at least one; none is empty.</param>
    /// <param name="completeLength">Bytes of the object.</param>
    /// <param name="contentType">The object's Content-Type; empty when it has none.</param>
    public MultipartByteranges(ByteRange[] parts, long completeLength, ReadOnlySpan<byte> contentType)
    {
        _parts = parts;
        _completeLength = completeLength;
        _contentType = contentType.ToArray();
        _boundary = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(BoundaryBytes, lowercase: true));
        ContentLength = LastBoundaryBytes;
        for (int index = 0; index < parts.Length; index++)
        {
            ContentLength = checked(ContentLength + PartHeadBytes(index) + parts[index].Length);
        }
    }

    /// <summary>The parts.</summary>
    public ReadOnlySpan<ByteRange> Parts => _parts;

    /// <summary>Bytes of the whole body, boundaries and part heads included.</summary>
    public long ContentLength { get; }

    /// <summary>The value of the answer's Content-Type.</summary>
    public byte[] ContentType => [.. "multipart/byteranges; boundary="u8, .. _boundary];

    /// <summary>What stands before the bytes of part <paramref name="index"/>.</summary>
    public byte[] PartHead(int index)
    {
        // The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1), also before the first one, where the preamble is empty:
        // nginx and Apache begin so, and zsync 0.6.2 takes any other body for unusable and repeats its request for ever.
        Span<byte> contentRange = stackalloc byte[ContentRangeField.MaxBytes];
        contentRange = contentRange[..ContentRangeField.Write(_parts[index], _completeLength, contentRange)];
        var typeName = _contentType.Length == 0 ? default : "Content-Type: "u8;
        var typeEnd = _contentType.Length == 0 ? default : "\r\n"u8;
        return
        [
            .. "\r\n--"u8, .. _boundary, .. "\r\n"u8,
            .. typeName, .. _contentType, .. typeEnd,
            .. "Content-Range: "u8, .. contentRange, .. "\r\n\r\n"u8,
        ];
    }

    /// <summary>What stands after the last part.</summary>
    public byte[] LastBoundary() => [.. "\r\n--"u8, .. _boundary, .. "--\r\n"u8];

    private static int LastBoundaryBytes => "\r\n--"u8.Length + BoundaryBytes + "--\r\n"u8.Length;

    private int PartHeadBytes(int index)
    {
        Span<byte> contentRange = stackalloc byte[ContentRangeField.MaxBytes];
        int typeBytes = _contentType.Length == 0 ? 0 : "Content-Type: \r\n"u8.Length + _contentType.Length;
        return "\r\n--"u8.Length + BoundaryBytes + "\r\n"u8.Length + typeBytes
            + "Content-Range: "u8.Length + ContentRangeField.Write(_parts[index], _completeLength, contentRange) + 4;
    }
}
