using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// The IP address of a client, or that nobody knows one. Without the object and the arrays of <see cref="IPAddress"/>, so that a request
/// behind a proxy costs none. An IPv4 address and the IPv6 address that is mapped to it are one client. Immutable.
/// </summary>
internal readonly record struct ClientAddress
{
    /// <summary>Longest output of <see cref="Format"/> in bytes.</summary>
    public const int MaxBytes = 39;

    // The prefix ::ffff:0:0/96 of mapped addresses (RFC 4291 §2.5.5.2).
    private const uint Mapped = 0xFFFF;

    private readonly UInt128 _bits;

    private ClientAddress(UInt128 bits) => (_bits, IsKnown) = (bits, true);

    /// <summary>Whether there is an address.</summary>
    public bool IsKnown { get; }

    /// <summary>Whether it is one of IPv4.</summary>
    public bool IsIPv4 => IsKnown && (_bits >> 32) == Mapped;

    /// <summary>The 128 bits of IPv6, mapped for IPv4.</summary>
    public UInt128 Bits => _bits;

    /// <summary>The first 64 bits, and zeros behind them.</summary>
    public ClientAddress Network64 => new(_bits >> 64 << 64);

    /// <summary>The address of an end of a connection; unknown for any other end than one of IP.</summary>
    public static ClientAddress Of(EndPoint? endPoint) => endPoint is IPEndPoint { Address: var address } ? Of(address) : default;

    /// <summary>The same of an address. A zone is left out.</summary>
    public static ClientAddress Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4 ? OfIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes)) : new(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>
    /// Reads a node of X-Forwarded-For, or of Forwarded without its quotes (RFC 7239 §6): an address, with or without a port, one of IPv6
    /// in brackets or without. False for a name, an obfuscated identifier, or anything else.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ClientAddress address)
    {
        address = default;
        if (text is [(byte)'[', ..])
        {
            int end = text.IndexOf((byte)']');
            return end > 0 && IsPort(text[(end + 1)..]) && TryParseIPv6(text[1..end], out address);
        }

        int colon = text.IndexOf((byte)':');
        if (colon >= 0 && text[(colon + 1)..].Contains((byte)':'))
        {
            return TryParseIPv6(text, out address);
        }

        bool isAddress = TryParseIPv4(colon < 0 ? text : text[..colon], out uint bits) && (colon < 0 || IsPort(text[colon..]));
        address = isAddress ? OfIPv4(bits) : default;
        return isAddress;
    }

    /// <summary>Writes the address as RFC 5952 has it; nothing when none is known.</summary>
    /// <param name="destination">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public int Format(Span<byte> destination)
    {
        if (!IsKnown)
        {
            return 0;
        }

        return IsIPv4 ? FormatIPv4((uint)_bits, destination) : FormatIPv6(destination);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxBytes];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }

    private static ClientAddress OfIPv4(uint bits) => new(((UInt128)Mapped << 32) | bits);

    // With its colon, or nothing. An obfuscated port (RFC 7239 §6) is as good as none.
    private static bool IsPort(ReadOnlySpan<byte> text) => text.IsEmpty || text is [(byte)':', _, ..];

    private static bool TryParseIPv4(ReadOnlySpan<byte> text, out uint bits)
    {
        bits = 0;
        for (int part = 0; part < 4; part++)
        {
            int end = part == 3 ? text.Length : text.IndexOf((byte)'.');

            // A leading zero means octal to some.
            if (end is < 1 or > 3
                || (end > 1 && text[0] == '0')
                || !DecimalDigits.TryParse(text[..end], out long value)
                || value > byte.MaxValue)
            {
                return false;
            }

            bits = (bits << 8) | (uint)value;
            text = part == 3 ? default : text[(end + 1)..];
        }

        return true;
    }

    // RFC 4291 §2.2: eight groups, of which :: stands for one or more, and the last two may be an IPv4 address.
    private static bool TryParseIPv6(ReadOnlySpan<byte> text, out ClientAddress address)
    {
        address = default;
        UInt128 bits = 0;
        int groups = 0;
        int gap = -1;
        int at = 0;
        if (text.StartsWith("::"u8))
        {
            (gap, at) = (0, 2);
        }

        while (at < text.Length)
        {
            int end = text[at..].IndexOf((byte)':');
            var part = end < 0 ? text[at..] : text.Slice(at, end);
            bool isLast = end < 0;
            if (isLast && groups <= 6 && TryParseIPv4(part, out uint tail))
            {
                (bits, groups) = ((bits << 32) | tail, groups + 2);
                break;
            }

            if (groups == 8
                || part.Length is 0 or > 4
                || !Utf8Parser.TryParse(part, out ushort group, out int used, 'x')
                || used != part.Length)
            {
                return false;
            }

            (bits, groups) = ((bits << 16) | group, groups + 1);
            at += part.Length + 1;
            if (!isLast && at == text.Length)
            {
                return false;
            }

            if (at < text.Length && text[at] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                (gap, at) = (groups, at + 1);
            }
        }

        if (gap < 0 ? groups != 8 : groups > 7)
        {
            return false;
        }

        // What stands before the gap moves up by as many groups as are missing.
        int behind = gap < 0 ? 0 : 16 * (groups - gap);
        var low = behind == 0 ? 0 : bits & (UInt128.MaxValue >> (128 - behind));
        address = new(gap < 0 ? bits : gap == 0 ? low : (bits >> behind << (16 * (8 - gap))) | low);
        return true;
    }

    private static int FormatIPv4(uint bits, Span<byte> destination)
    {
        int length = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            length += DecimalDigits.Write((bits >> shift) & 0xFF, destination[length..]);
            if (shift > 0)
            {
                destination[length++] = (byte)'.';
            }
        }

        return length;
    }

    // RFC 5952 §4: lower case, no leading zeros, :: for the first of the longest runs of zeros, of two groups at least.
    private int FormatIPv6(Span<byte> destination)
    {
        var (gap, gapLength) = LongestZeros();
        int length = 0;
        for (int group = 0; group < 8; group++)
        {
            if (group == gap)
            {
                destination[length++] = (byte)':';
                group += gapLength - 1;
                if (group == 7)
                {
                    destination[length++] = (byte)':';
                }

                continue;
            }

            if (group > 0)
            {
                destination[length++] = (byte)':';
            }

            GroupAt(group).TryFormat(destination[length..], out int written, "x", CultureInfo.InvariantCulture);
            length += written;
        }

        return length;
    }

    private (int Start, int Length) LongestZeros()
    {
        (int Start, int Length) longest = (-1, 1);
        for (int start = 0; start < 8; start++)
        {
            int length = 0;
            while (start + length < 8 && GroupAt(start + length) == 0)
            {
                length++;
            }

            longest = length > longest.Length ? (start, length) : longest;
            start += length;
        }

        return longest;
    }

    private ushort GroupAt(int index) => (ushort)(_bits >> (16 * (7 - index)));
}
