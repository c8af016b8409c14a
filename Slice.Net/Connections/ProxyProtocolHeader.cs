using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Slice.Net.Connections;

/// <summary>
/// The line (version 1) or block (version 2) that a balancer sends before the client's first byte to say who the client is: HAProxy's
/// PROXY protocol. Pure.
/// </summary>
public static class ProxyProtocolHeader
{
    /// <summary>Longest line of version 1, its line end included (§2.1 of the specification).</summary>
    private const int MaxLineBytes = 107;

    private const int BlockStartBytes = 16;

    /// <summary>
    /// Longest part of version 2 behind its first 16 bytes: addresses of 36 bytes and extensions. §2.2 lets it be 65,535; 2 KiB is
    /// HAProxy's own buffer for it, roughly.
    /// </summary>
    private const int MaxBlockRestBytes = 2048;

    private static ReadOnlySpan<byte> LineStart => "PROXY "u8;

    private static ReadOnlySpan<byte> BlockSignature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads the header at the start of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">What has arrived.</param>
    /// <param name="consumed">Behind the header when complete, else the start.</param>
    /// <param name="client">
    /// The client, when complete and said; null where the balancer speaks for itself (<c>LOCAL</c>, <c>UNKNOWN</c>).
    /// </param>
    public static ProxyProtocolStatus TryParse(in ReadOnlySequence<byte> buffer, out SequencePosition consumed, out IPEndPoint? client)
    {
        consumed = buffer.Start;
        client = null;
        Span<byte> start = stackalloc byte[(int)Math.Min(buffer.Length, BlockStartBytes + MaxBlockRestBytes)];
        buffer.Slice(0, start.Length).CopyTo(start);
        int length;
        var status = start.Length > 0 && start[0] == BlockSignature[0]
            ? ParseBlock(start, out length, out client)
            : ParseLine(start, out length, out client);
        if (status == ProxyProtocolStatus.Complete)
        {
            consumed = buffer.GetPosition(length);
        }

        return status;
    }

    // PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n
    private static ProxyProtocolStatus ParseLine(ReadOnlySpan<byte> bytes, out int length, out IPEndPoint? client)
    {
        client = null;
        length = 0;
        if (!LineStart.StartsWith(bytes[..Math.Min(bytes.Length, LineStart.Length)]))
        {
            return ProxyProtocolStatus.Invalid;
        }

        int end = bytes[..Math.Min(bytes.Length, MaxLineBytes)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length >= MaxLineBytes ? ProxyProtocolStatus.Invalid : ProxyProtocolStatus.Incomplete;
        }

        length = end + 2;
        string[] words = Encoding.Latin1.GetString(bytes[..end]).Split(' ');
        if (words[1] == "UNKNOWN")
        {
            return ProxyProtocolStatus.Complete;
        }

        bool isRight = words.Length == 6
            && words[1] is "TCP4" or "TCP6"
            && TryReadAddress(words[2], words[1] == "TCP6", out var source)
            && TryReadAddress(words[3], words[1] == "TCP6", out _)
            && TryReadPort(words[5], out _)
            && TryReadPort(words[4], out int port)
            && (client = new IPEndPoint(source!, port)) is not null;
        return isRight ? ProxyProtocolStatus.Complete : ProxyProtocolStatus.Invalid;
    }

    // Signature, version and command, family, length of the rest; then addresses, ports and extensions, which say nothing that we need.
    private static ProxyProtocolStatus ParseBlock(ReadOnlySpan<byte> bytes, out int length, out IPEndPoint? client)
    {
        client = null;
        length = 0;
        if (!BlockSignature.StartsWith(bytes[..Math.Min(bytes.Length, BlockSignature.Length)]))
        {
            return ProxyProtocolStatus.Invalid;
        }

        if (bytes.Length < BlockStartBytes)
        {
            return ProxyProtocolStatus.Incomplete;
        }

        int command = bytes[12];
        int family = bytes[13];
        int rest = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        int addressBytes = family switch { 0x11 => 4, 0x21 => 16, _ => 0 };
        bool isLocal = command == 0x20;
        bool isKnownFamily = family is 0x00 or 0x11 or 0x12 or 0x21 or 0x22 or 0x31 or 0x32;
        if (command is not (0x20 or 0x21)
            || (!isLocal && !isKnownFamily)
            || rest > MaxBlockRestBytes
            || (!isLocal && rest < (2 * addressBytes) + (addressBytes == 0 ? 0 : 4)))
        {
            return ProxyProtocolStatus.Invalid;
        }

        length = BlockStartBytes + rest;
        if (bytes.Length < length)
        {
            return ProxyProtocolStatus.Incomplete;
        }

        if (!isLocal && addressBytes > 0)
        {
            var addresses = bytes[BlockStartBytes..];
            int port = BinaryPrimitives.ReadUInt16BigEndian(addresses[(2 * addressBytes)..]);
            client = new IPEndPoint(new IPAddress(addresses[..addressBytes]), port);
        }

        return ProxyProtocolStatus.Complete;
    }

    // IPAddress.TryParse takes forms that no sender writes ("1", "[::1]:80"); what it read must be what stood there.
    private static bool TryReadAddress(string text, bool isV6, out IPAddress? address) =>
        IPAddress.TryParse(text, out address)
        && !text.AsSpan().ContainsAny("[]%")
        && text.Contains(':', StringComparison.Ordinal) == isV6
        && (isV6 || address.ToString() == text);

    private static bool TryReadPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
        && port <= IPEndPoint.MaxPort
        && (text.Length == 1 || text[0] != '0');
}
