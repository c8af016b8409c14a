using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Slice.Core.SharedCache;

/// <summary>
/// The envelope of every value in a shared store: which value it is, how long it lives, and that all of it is there as it was written.
/// A value without it, of another program or version, or with one bit changed is none. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Numbers are little-endian. The payload follows the header of <see cref="HeaderBytes"/> bytes:</para>
/// <list type="table">
/// <item><term>0</term><description>"PSC" and the version of the layout, 2</description></item>
/// <item><term>4</term><description>kind; flags (1: with MAC); two bytes of zero</description></item>
/// <item><term>8</term><description>digest of the key that the value is under</description></item>
/// <item><term>24</term><description>digest of the version: cache key, selecting fields, validator, grid, removals</description></item>
/// <item><term>40</term><description>slice size; slice index</description></item>
/// <item><term>48</term><description>complete length of the object</description></item>
/// <item><term>56</term><description>lifetime that the store was told, in ms</description></item>
/// <item><term>64</term><description>length of the payload</description></item>
/// <item><term>72</term><description>XxHash3 of bytes 0 to 71 and of the payload behind its beginning</description></item>
/// <item><term>80</term><description>HMAC-SHA256 of "r", bytes 0 to 79 and the same, or zeros</description></item>
/// <item><term>112</term><description>XxHash3 of bytes 0 to 111 and of the payload's beginning</description></item>
/// <item><term>120</term><description>HMAC-SHA256 of "b", bytes 0 to 119 and the same, or zeros</description></item>
/// </list>
/// <para>
/// The beginning is the first bytes of the payload (<see cref="BeginningBytes"/>), or all of a shorter one. Its checksum is its own, so
/// that it can be read and sent before the rest has come.
/// </para>
/// <para>
/// The checksum is against damage. Against somebody who can write to the store only the MAC helps; with a key, a value without the right
/// MAC is none. Whoever can write may still take values away, or put back an older value of the same key.
/// </para>
/// </remarks>
/// <param name="macKey">The key of the MAC; null for none.</param>
/// <param name="beginningBytes">Bytes of a beginning; null for the usual number, others only in tests.</param>
internal sealed class TierEnvelope(string? macKey, int? beginningBytes = null)
{
    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 152;

    /// <summary>
    /// Bytes of a payload that can be checked without the rest: what a network of 1 Gbit/s brings in half a millisecond. A larger array
    /// would go to the heap of large objects.
    /// </summary>
    public const int UsualBeginningBytes = 64 << 10;

    /// <summary>The version of the layout.</summary>
    public const int Layout = 3;

    private const uint Magic = 'P' | ('S' << 8) | ('C' << 16) | ((uint)Layout << 24);
    private const int LifetimeAt = 56;
    private const int PayloadLengthAt = 64;
    private const int RestSealAt = 72;
    private const int BeginningSealAt = 112;
    private const int ChecksumBytes = sizeof(ulong);
    private const int SealBytes = ChecksumBytes + HMACSHA256.HashSizeInBytes;
    private const byte MacFlag = 1;

    // What tells the MAC of one from that of the other, whatever bytes both are of.
    private const byte OfRest = (byte)'r';
    private const byte OfBeginning = (byte)'b';

    private readonly byte[]? _macKey = macKey is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(macKey));

    /// <summary>Bytes of a payload that can be checked without the rest.</summary>
    public int BeginningBytes { get; } = beginningBytes ?? UsualBeginningBytes;

    /// <summary>Writes the header in front of a payload that is in place.</summary>
    /// <param name="value">Header and payload.</param>
    /// <param name="label">What it is.</param>
    /// <param name="lifetime">The lifetime that the store is told.</param>
    public void Seal(Span<byte> value, in TierLabel label, TimeSpan lifetime)
    {
        var header = value[..HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = (byte)label.Kind;
        header[5] = _macKey is null ? (byte)0 : MacFlag;
        DigestOf(label.Name).Write(header[8..]);
        label.Version.Write(header[24..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], label.SliceSizeBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[44..], label.SliceIndex);
        BinaryPrimitives.WriteInt64LittleEndian(header[48..], label.CompleteLength);
        BinaryPrimitives.WriteInt64LittleEndian(header[LifetimeAt..], (long)lifetime.TotalMilliseconds);
        BinaryPrimitives.WriteInt64LittleEndian(header[PayloadLengthAt..], value.Length - HeaderBytes);

        // The second one is of the first one, too.
        WriteSeal(OfRest, header[..RestSealAt], RestOf(value), header.Slice(RestSealAt, SealBytes));
        WriteSeal(OfBeginning, header[..BeginningSealAt], BeginningOf(value), header.Slice(BeginningSealAt, SealBytes));
    }

    /// <summary>The payload of a value; empty, with false, when the value is not the one that was asked for, as it was written.</summary>
    /// <param name="value">The value.</param>
    /// <param name="label">What it must be.</param>
    /// <param name="payload">The payload, inside of the value.</param>
    /// <param name="lifetime">The lifetime that the store was told.</param>
    public bool TryOpen(ReadOnlyMemory<byte> value, in TierLabel label, out ReadOnlyMemory<byte> payload, out TimeSpan lifetime)
    {
        var bytes = value.Span;
        bool isIntact = TryOpenBeginning(value, label, out payload, out int payloadBytes, out lifetime)
            && payloadBytes == value.Length - HeaderBytes
            && HasSeal(OfRest, bytes[..RestSealAt], RestOf(bytes), bytes.Slice(RestSealAt, SealBytes));
        payload = isIntact ? value[HeaderBytes..] : default;
        return isIntact;
    }

    /// <summary>
    /// The beginning of the payload of a value of which perhaps no more is there; empty, with false, when the value is not the one
    /// that was asked for, or its beginning is not as it was written.
    /// </summary>
    /// <param name="value">The first <see cref="HeaderBytes"/> and <see cref="BeginningBytes"/> bytes of a value, or more.</param>
    /// <param name="label">What it must be.</param>
    /// <param name="beginning">The beginning, inside of the value.</param>
    /// <param name="payloadBytes">The length of the whole payload.</param>
    /// <param name="lifetime">The lifetime that the store was told.</param>
    public bool TryOpenBeginning(
        ReadOnlyMemory<byte> value, in TierLabel label, out ReadOnlyMemory<byte> beginning, out int payloadBytes, out TimeSpan lifetime)
    {
        (beginning, payloadBytes, lifetime) = (default, 0, default);
        var bytes = value.Span;
        if (bytes.Length < HeaderBytes || !IsLabelled(bytes, label))
        {
            return false;
        }

        long length = BinaryPrimitives.ReadInt64LittleEndian(bytes[PayloadLengthAt..]);
        if (length is < 0 or > int.MaxValue - HeaderBytes
            || bytes.Length - HeaderBytes < Math.Min(length, BeginningBytes)
            || bytes.Length - HeaderBytes > length
            || !HasSeal(OfBeginning, bytes[..BeginningSealAt], BeginningOf(bytes), bytes.Slice(BeginningSealAt, SealBytes)))
        {
            return false;
        }

        beginning = value.Slice(HeaderBytes, (int)Math.Min(length, BeginningBytes));
        payloadBytes = (int)length;
        lifetime = TimeSpan.FromMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[LifetimeAt..]));
        return true;
    }

    private static TierVersion DigestOf(string name) => TierVersion.Of(Encoding.ASCII.GetBytes(name));

    private ReadOnlySpan<byte> BeginningOf(ReadOnlySpan<byte> value) =>
        value[HeaderBytes..Math.Min(value.Length, HeaderBytes + BeginningBytes)];

    private ReadOnlySpan<byte> RestOf(ReadOnlySpan<byte> value) =>
        value[Math.Min(value.Length, HeaderBytes + BeginningBytes)..];

    private bool IsLabelled(ReadOnlySpan<byte> value, in TierLabel label) =>
        BinaryPrimitives.ReadUInt32LittleEndian(value) == Magic
        && value[4] == (byte)label.Kind
        && value[5] == (_macKey is null ? 0 : MacFlag)
        && value[6] == 0
        && value[7] == 0
        && TierVersion.Read(value[8..]) == DigestOf(label.Name)
        && TierVersion.Read(value[24..]) == label.Version
        && BinaryPrimitives.ReadInt32LittleEndian(value[40..]) == label.SliceSizeBytes
        && BinaryPrimitives.ReadInt32LittleEndian(value[44..]) == label.SliceIndex
        && BinaryPrimitives.ReadInt64LittleEndian(value[48..]) == label.CompleteLength
        && BinaryPrimitives.ReadInt64LittleEndian(value[LifetimeAt..]) is > 0 and <= 30L * 24 * 3600 * 1000;

    private void WriteSeal(byte purpose, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, Span<byte> seal)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(seal, ChecksumOf(header, payload));
        if (_macKey is not null)
        {
            WriteMac(purpose, header, seal[..ChecksumBytes], payload, seal[ChecksumBytes..]);
        }
    }

    private bool HasSeal(byte purpose, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> seal)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(seal) != ChecksumOf(header, payload))
        {
            return false;
        }

        var mac = seal[ChecksumBytes..];
        if (_macKey is null)
        {
            return !mac.ContainsAnyExcept((byte)0);
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        WriteMac(purpose, header, seal[..ChecksumBytes], payload, expected);
        return CryptographicOperations.FixedTimeEquals(mac, expected);
    }

    private static ulong ChecksumOf(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        var hash = new XxHash3();
        hash.Append(header);
        hash.Append(payload);
        return hash.GetCurrentHashAsUInt64();
    }

    private void WriteMac(
        byte purpose, ReadOnlySpan<byte> header, ReadOnlySpan<byte> checksum, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _macKey!);
        mac.AppendData([purpose]);
        mac.AppendData(header);
        mac.AppendData(checksum);
        mac.AppendData(payload);
        mac.GetHashAndReset(destination);
    }
}
