using System.Buffers;
using System.Security.Cryptography;

namespace Slice.Tests.Support;

/// <summary>
/// Takes the bytes of a body in order and compares each with what belongs at its position, without storing them; several GB/s per core
/// without the digest. Not thread-safe; one sink per body.
/// </summary>
public sealed class VerifyingSink : IDisposable
{
    // Half of a common L2 cache: the expected bytes are compared while still warm.
    private const int ScratchBytes = 64 << 10;

    private readonly ContentFill _expected;
    private readonly byte[] _scratch = ArrayPool<byte>.Shared.Rent(ScratchBytes);
    private readonly IncrementalHash? _digest;

    /// <summary>
    /// Expects <paramref name="expected"/> from <paramref name="start"/> on; with <paramref name="withDigest"/> the SHA-256 of what arrived
    /// is kept too.
    /// </summary>
    public VerifyingSink(ContentFill expected, long start = 0, bool withDigest = false)
    {
        _expected = expected;
        Start = start;
        Position = start;
        _digest = withDigest ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    /// <summary>Position of the first byte expected.</summary>
    public long Start { get; }

    /// <summary>Position of the next byte expected; everything before it was right.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes taken so far.</summary>
    public long Count => Position - Start;

    /// <summary>Takes the next bytes. Throws <see cref="InvalidDataException"/> naming the position of the first wrong byte.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _digest?.AppendData(bytes);
        while (!bytes.IsEmpty)
        {
            int take = Math.Min(bytes.Length, ScratchBytes);
            Span<byte> expected = _scratch.AsSpan(0, take);
            _expected(Position, expected);
            ReadOnlySpan<byte> actual = bytes[..take];
            if (!actual.SequenceEqual(expected))
            {
                ThrowMismatch(actual, expected);
            }

            Position += take;
            bytes = bytes[take..];
        }
    }

    /// <summary>
    /// The SHA-256 of everything taken, in lower-case hexadecimal. Only for a sink made with a digest; may be asked once.
    /// </summary>
    public string GetSha256()
    {
        if (_digest is null)
        {
            throw new InvalidOperationException("this sink keeps no digest");
        }

        return Convert.ToHexStringLower(_digest.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _digest?.Dispose();
        ArrayPool<byte>.Shared.Return(_scratch);
    }

    private void ThrowMismatch(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        int offset = actual.CommonPrefixLength(expected);
        int shown = Math.Min(8, actual.Length - offset);
        throw new InvalidDataException(
            $"wrong byte at position {Position + offset}: got {Convert.ToHexString(actual.Slice(offset, shown))}, "
            + $"expected {Convert.ToHexString(expected.Slice(offset, shown))}");
    }
}
