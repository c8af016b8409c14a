using System.Collections.Immutable;
using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// Finds the Early Hints (RFC 8297) among the bytes that come before a final response head. It is strict and gives up at the first thing
/// that is not to the letter: hints are an optimization, and the pool judges the response itself. One response; not thread-safe.
/// </summary>
internal sealed class InterimResponseReader
{
    // Of one interim head. As much as the pool allows for all heads of a response is 64 KiB; hints are a few hundred bytes. Arbitrary.
    private const int MaxHeadBytes = 16 << 10;

    // "HTTP/1.1 1": what tells an interim response from a final one.
    private const int DistinguishingBytes = 10;

    private byte[] _buffer = [];
    private int _length;

    /// <summary>Whether the final response has begun, or nothing more can be found.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Takes bytes as they arrived.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (IsDone || (_length == 0 && IsFinal(bytes)))
        {
            IsDone = true;
            return;
        }

        if (_length + bytes.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, _length + bytes.Length);
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>The field lines of the next complete 103. False when there is none yet.</summary>
    public bool TryReadEarlyHints(out ImmutableArray<ForwardedField> fields)
    {
        fields = [];
        while (!IsDone)
        {
            var buffered = _buffer.AsSpan(0, _length);
            int end = buffered.IndexOf("\r\n\r\n"u8);
            if (IsFinal(buffered) || (end < 0 && _length > MaxHeadBytes))
            {
                IsDone = true;
                _buffer = [];
                return false;
            }

            if (end < 0)
            {
                return false;
            }

            bool isEarlyHints = buffered.StartsWith("HTTP/1.1 103 "u8);
            IsDone = end > MaxHeadBytes || !TryReadFields(buffered[..(end + 2)], out fields);
            buffered[(end + 4)..].CopyTo(_buffer);
            _length -= end + 4;
            if (isEarlyHints && !IsDone)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsFinal(ReadOnlySpan<byte> bytes) => bytes.Length >= DistinguishingBytes && !bytes.StartsWith("HTTP/1.1 1"u8);

    // The lines of a head, each with its CRLF. A line that the pool takes for two would put us out of step with it.
    private static bool TryReadFields(ReadOnlySpan<byte> lines, out ImmutableArray<ForwardedField> fields)
    {
        fields = [];
        var read = ImmutableArray.CreateBuilder<ForwardedField>();
        if (lines[..lines.IndexOf("\r\n"u8)].ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            return false;
        }

        for (lines = lines[(lines.IndexOf("\r\n"u8) + 2)..]; !lines.IsEmpty; lines = lines[(lines.IndexOf("\r\n"u8) + 2)..])
        {
            var line = lines[..lines.IndexOf("\r\n"u8)];
            int colon = line.IndexOf((byte)':');
            if (colon < 0 || !FieldSyntax.IsToken(line[..colon]) || line.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
            {
                return false;
            }

            read.Add(
                new ForwardedField(
                    Encoding.Latin1.GetString(line[..colon]), Encoding.Latin1.GetString(line[(colon + 1)..]).Trim(' ', '\t')));
        }

        fields = read.DrainToImmutable();
        return true;
    }
}
