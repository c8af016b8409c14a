using System.Buffers.Binary;
using System.Security.Cryptography;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// The id by which the lines of the log, and the origin's, say which request they are about. Made when somebody first asks, as most
/// requests need none. Belongs to one exchange; not thread-safe.
/// </summary>
/// <remarks>
/// 64 random bits of the process and the number of the request among its ids, in hexadecimal, as many digits as nginx's
/// <c>$request_id</c>. Nobody can guess the ids of another process, and no two are the same; they are no secret.
/// </remarks>
internal sealed class RequestId
{
    /// <summary>Longest id that a trusted proxy may give, in bytes. Arbitrary; a UUID has 36.</summary>
    public const int MaxBytes = 128;

    private const int MadeBytes = 32;

    private static readonly ulong s_process = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private static long s_count;

    // Made at the first id, kept for the next exchanges of the connection.
    private byte[]? _bytes;
    private int _length;

    /// <summary>The name of the field in which the id goes on.</summary>
    public static ReadOnlySpan<byte> FieldName => "X-Request-Id"u8;

    /// <summary>The id of the request; made, or taken over, at the first call.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="isBehindProxy">Whether a trusted proxy has sent it.</param>
    public ReadOnlySpan<byte> Of(FieldTable fields, bool isBehindProxy)
    {
        if (_length == 0)
        {
            _bytes ??= new byte[MaxBytes];
            _length = isBehindProxy ? TakeOver(fields) : 0;
            _length = _length == 0 ? Make() : _length;
        }

        return _bytes.AsSpan(0, _length);
    }

    /// <summary>Forgets the id: the next request has another one.</summary>
    public void Reset() => _length = 0;

    /// <summary>Whether a value may be an id: visible ASCII, at most <see cref="MaxBytes"/>.</summary>
    public static bool IsSane(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= MaxBytes && !value.ContainsAnyExceptInRange((byte)'!', (byte)'~');

    // Two lines are two ids, and nobody knows which of them is meant.
    private int TakeOver(FieldTable fields)
    {
        int line = fields.NextIndex(FieldName, 0);
        if (line < 0 || fields.NextIndex(FieldName, line + 1) >= 0 || !IsSane(fields.ValueAt(line)))
        {
            return 0;
        }

        var value = fields.ValueAt(line);
        value.CopyTo(_bytes);
        return value.Length;
    }

    private int Make()
    {
        Span<byte> id = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(id, s_process);
        BinaryPrimitives.WriteInt64BigEndian(id[sizeof(ulong)..], Interlocked.Increment(ref s_count));
        Convert.TryToHexStringLower(id, _bytes, out _);
        return MadeBytes;
    }
}
