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
/// <item><term>0</term><description>"PSC" and the version of the layout, 1</description></item>
/// <item><term>4</term><description>kind; flags (1: with MAC); two bytes of zero</description></item>
/// <item><term>8</term><description>digest of the key that the value is under</description></item>
/// <item><term>24</term><description>digest of the version: cache key, selecting fields, validator, grid, removals</description></item>
/// <item><term>40</term><description>slice size; slice index</description></item>
/// <item><term>48</term><description>complete length of the object</description></item>
/// <item><term>56</term><description>lifetime that the store was told, in ms</description></item>
/// <item><term>64</term><description>length of the payload</description></item>
/// <item><term>72</term><description>XxHash3 of header, without this and what follows, and payload</description></item>
/// <item><term>80</term><description>HMAC-SHA256 of the same with the checksum, or zeros</description></item>
/// </list>
/// <para>
/// The checksum is against damage. Against somebody who can write to the store only the MAC helps; with a key, a value without the right
/// MAC is none. Whoever can write may still take values away, or put back an older value of the same key.
/// </para>
/// </remarks>
/// <param name="macKey">The key of the MAC; null for none.</param>
internal sealed class TierEnvelope(string? macKey)
{
    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 112;

    private const uint Magic = 'P' | ('S' << 8) | ('C' << 16) | (1u << 24);
    private const int ChecksumAt = 72;
    private const int MacAt = 80;
    private const byte MacFlag = 1;

    private readonly byte[]? _macKey = macKey is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(macKey));

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
        BinaryPrimitives.WriteInt64LittleEndian(header[56..], (long)lifetime.TotalMilliseconds);
        BinaryPrimitives.WriteInt64LittleEndian(header[64..], value.Length - HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header[ChecksumAt..], ChecksumOf(value));
        if (_macKey is not null)
        {
            WriteMac(value, header[MacAt..]);
        }
    }

    /// <summary>The payload of a value; empty, with false, when the value is not the one that was asked for, as it was written.</summary>
    /// <param name="value">The value.</param>
    /// <param name="label">What it must be.</param>
    /// <param name="payload">The payload, inside of the value.</param>
    /// <param name="lifetime">The lifetime that the store was told.</param>
    public bool TryOpen(ReadOnlyMemory<byte> value, in TierLabel label, out ReadOnlyMemory<byte> payload, out TimeSpan lifetime)
    {
        payload = default;
        lifetime = default;
        var bytes = value.Span;
        if (bytes.Length < HeaderBytes || !IsLabelled(bytes, label) || !IsIntact(bytes))
        {
            return false;
        }

        payload = value[HeaderBytes..];
        lifetime = TimeSpan.FromMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]));
        return true;
    }

    private static TierVersion DigestOf(string name) => TierVersion.Of(Encoding.ASCII.GetBytes(name));

    private static ulong ChecksumOf(ReadOnlySpan<byte> value)
    {
        var hash = new XxHash3();
        hash.Append(value[..ChecksumAt]);
        hash.Append(value[HeaderBytes..]);
        return hash.GetCurrentHashAsUInt64();
    }

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
        && BinaryPrimitives.ReadInt64LittleEndian(value[56..]) is > 0 and <= 30L * 24 * 3600 * 1000
        && BinaryPrimitives.ReadInt64LittleEndian(value[64..]) == value.Length - HeaderBytes;

    private bool IsIntact(ReadOnlySpan<byte> value)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(value[ChecksumAt..]) != ChecksumOf(value))
        {
            return false;
        }

        var mac = value[MacAt..HeaderBytes];
        if (_macKey is null)
        {
            return !mac.ContainsAnyExcept((byte)0);
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        WriteMac(value, expected);
        return CryptographicOperations.FixedTimeEquals(mac, expected);
    }

    private void WriteMac(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _macKey!);
        mac.AppendData(value[..MacAt]);
        mac.AppendData(value[HeaderBytes..]);
        mac.GetHashAndReset(destination);
    }
}
