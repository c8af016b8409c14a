using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>
/// The request fields that tell objects apart beside host and target (<c>cache_key.fields</c>, B50). Their values stand at the end of a key
/// as a digest, so that a long one does not weigh on memory and no key can be read as a credential. Immutable.
/// </summary>
public sealed class KeyFields
{
    /// <summary>
    /// Bytes that they add to a key: a space, which neither host nor target has (RFC 9112 §3.2), and 128 bits of SHA-256 in hex.
    /// </summary>
    public const int SuffixBytes = 1 + (2 * DigestBytes);

    private const int DigestBytes = 16;

    private readonly byte[][] _names;

    /// <summary>The fields of these names, in any order and case.</summary>
    public KeyFields(IReadOnlyList<string> names)
    {
        var inOrder = names.Select(name => name.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal);
        _names = [.. inOrder.Select(Encoding.ASCII.GetBytes)];
    }

    /// <summary>Whether there are none, and no key has a suffix.</summary>
    public bool IsEmpty => _names.Length == 0;

    /// <summary>
    /// Writes what a request's fields add to its key: nothing when it has none of them, else <see cref="SuffixBytes"/> bytes. Lines count
    /// as they reach the origin, in their order, so that two requests have one key only when the origin sees the same of them.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="destination">Room for <see cref="SuffixBytes"/>.</param>
    /// <returns>The bytes written.</returns>
    public int Write(FieldTable request, Span<byte> destination)
    {
        int bytes = 0;
        foreach (byte[] name in _names)
        {
            bytes += LengthOf(request, name);
        }

        if (bytes == 0)
        {
            return 0;
        }

        byte[] lines = ArrayPool<byte>.Shared.Rent(bytes);
        int length = 0;
        foreach (byte[] name in _names)
        {
            AppendLines(request, name, lines, ref length);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(lines.AsSpan(0, length), digest);
        lines.AsSpan(0, length).Clear();
        ArrayPool<byte>.Shared.Return(lines);
        destination[0] = (byte)' ';
        Convert.TryToHexStringLower(digest[..DigestBytes], destination[1..], out _);
        return SuffixBytes;
    }

    /// <summary>A key without what fields have added: the target alone, behind its host.</summary>
    public static ReadOnlySpan<byte> ResourceOf(ReadOnlySpan<byte> key) =>
        key.Length > SuffixBytes && key[^SuffixBytes] == (byte)' ' ? key[..^SuffixBytes] : key;

    private static int LengthOf(FieldTable request, ReadOnlySpan<byte> name)
    {
        int bytes = 0;
        for (int line = 0; line < request.LineCount; line++)
        {
            bytes += IsLineOf(request, line, name) ? name.Length + request.ValueAt(line).Length + 2 : 0;
        }

        return bytes;
    }

    // A colon is in no name, and a line feed in no value (RFC 9110 §5).
    private static void AppendLines(FieldTable request, ReadOnlySpan<byte> name, Span<byte> lines, ref int length)
    {
        for (int line = 0; line < request.LineCount; line++)
        {
            if (IsLineOf(request, line, name))
            {
                var value = request.ValueAt(line);
                name.CopyTo(lines[length..]);
                lines[length + name.Length] = (byte)':';
                value.CopyTo(lines[(length + name.Length + 1)..]);
                length += name.Length + value.Length + 2;
                lines[length - 1] = (byte)'\n';
            }
        }
    }

    // What a client names in Connection does not reach the origin.
    private static bool IsLineOf(FieldTable request, int line, ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(request.NameAt(line), name) && !HopByHopFields.IsHopByHop(request, line);
}
