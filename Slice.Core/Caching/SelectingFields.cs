using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>
/// The request fields that a response's Vary names, with the values of the request it answers (RFC 9111 §4.1). Another request is
/// answered by the response when it has the same values, in one normal form: lines joined, white space around commas dropped.
/// Immutable.
/// </summary>
public sealed class SelectingFields : IEquatable<SelectingFields>
{
    /// <summary>Most names that are looked at; a longer Vary is taken for <c>*</c>. Arbitrary; few origins name more than three.</summary>
    private const int MaxNames = 16;

    /// <summary>
    /// Longest value in normal form; a request with a longer one is not answered from the cache. Arbitrary, 1 KiB holds any Accept and most
    /// cookies.
    /// </summary>
    private const int MaxValueBytes = 1024;

    // What an array takes, with the reference to it.
    private const int ObjectBytes = 32;

    private readonly (byte[] Name, byte[] Value)[] _fields;

    private SelectingFields((byte[] Name, byte[] Value)[] fields) => _fields = fields;

    /// <summary>The names and the values, as they are stored.</summary>
    internal IReadOnlyList<(byte[] Name, byte[] Value)> Fields => _fields;

    /// <summary>Bytes of memory that they take, about.</summary>
    internal int Bytes
    {
        get
        {
            int bytes = ObjectBytes;
            foreach (var (name, value) in _fields)
            {
                bytes += (2 * ObjectBytes) + name.Length + value.Length;
            }

            return bytes;
        }
    }

    /// <summary>What <see cref="Fields"/> was in an earlier run.</summary>
    internal static SelectingFields Restore((byte[] Name, byte[] Value)[] fields) => new(fields);

    /// <summary>Reads Vary for the request that was answered.</summary>
    /// <param name="vary">The response's Vary lines joined; null when it has none.</param>
    /// <param name="request">The field lines the origin saw.</param>
    /// <param name="passesAcceptEncoding">
    /// Whether the client's Accept-Encoding was among them; else the origin was asked for the identity.
    /// </param>
    /// <param name="selecting">What selects the response; null when every request does.</param>
    /// <returns>False when nothing can select it for another request: <c>*</c>, alone or in a list, or more than we look at.</returns>
    public static bool TryRead(
        string? vary, IReadOnlyList<ForwardedField> request, bool passesAcceptEncoding, out SelectingFields? selecting)
    {
        selecting = null;
        var fields = new List<(byte[] Name, byte[] Value)>();
        foreach (var range in vary.AsSpan().Split(','))
        {
            var name = vary.AsSpan(range).Trim(" \t");
            if (name.IsEmpty)
            {
                continue;
            }

            byte[] nameBytes = Encoding.Latin1.GetBytes(name.ToString().ToLowerInvariant());
            if (name is "*" || !SharedRequestFields.CanSelect(nameBytes))
            {
                return false;
            }

            if (SharedRequestFields.IsTheSameForAll(nameBytes, passesAcceptEncoding)
                || fields.Exists(field => field.Name.AsSpan().SequenceEqual(nameBytes)))
            {
                continue;
            }

            if (fields.Count == MaxNames || !TryNormalize(request, nameBytes, out byte[] value))
            {
                return false;
            }

            fields.Add((nameBytes, value));
        }

        fields.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        selecting = fields.Count == 0 ? null : new SelectingFields([.. fields]);
        return true;
    }

    /// <summary>Whether the request has the same values. It allocates nothing.</summary>
    public bool Match(FieldTable request)
    {
        Span<byte> value = stackalloc byte[MaxValueBytes];
        foreach (var (name, wanted) in _fields)
        {
            int length = 0;
            bool fits = true;
            for (int line = 0; line < request.LineCount && fits; line++)
            {
                // A field that its client named in Connection does not reach the origin: it selects nothing.
                if (Ascii.EqualsIgnoreCase(request.NameAt(line), name) && !HopByHopFields.IsHopByHop(request, line))
                {
                    fits = TryAppend(request.ValueAt(line), value, ref length);
                }
            }

            Order(name, value[..length]);

            if (!fits || !value[..length].SequenceEqual(wanted))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(SelectingFields? other)
    {
        if (other is null || other._fields.Length != _fields.Length)
        {
            return false;
        }

        for (int index = 0; index < _fields.Length; index++)
        {
            if (!_fields[index].Name.AsSpan().SequenceEqual(other._fields[index].Name)
                || !_fields[index].Value.AsSpan().SequenceEqual(other._fields[index].Value))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SelectingFields);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var (name, value) in _fields)
        {
            hash.AddBytes(name);
            hash.AddBytes(value);
        }

        return hash.ToHashCode();
    }

    private static bool TryNormalize(IReadOnlyList<ForwardedField> request, ReadOnlySpan<byte> name, out byte[] value)
    {
        Span<byte> buffer = stackalloc byte[MaxValueBytes];
        int length = 0;
        string text = Encoding.Latin1.GetString(name);
        value = [];
        foreach (var line in request)
        {
            if (line.Name.Equals(text, StringComparison.OrdinalIgnoreCase)
                && !TryAppend(Encoding.Latin1.GetBytes(line.Value), buffer, ref length))
            {
                return false;
            }
        }

        Order(name, buffer[..length]);
        value = buffer[..length].ToArray();
        return true;
    }

    // In the fields of content negotiation neither order nor case means anything (RFC 9110 §12.5): one form for all spellings. By
    // insertion, in place; nobody sends many elements, and the length is bounded.
    private static void Order(ReadOnlySpan<byte> name, Span<byte> value)
    {
        if (!name.StartsWith("accept"u8))
        {
            return;
        }

        Ascii.ToLowerInPlace(value, out _);
        for (int start = 0; start < value.Length;)
        {
            int end = EndOfElement(value, start);
            int place = 0;
            while (place < start && value[place..EndOfElement(value, place)].SequenceCompareTo(value[start..end]) <= 0)
            {
                place = EndOfElement(value, place);
            }

            RotateRight(value[place..end], end - start);
            start = end;
        }
    }

    private static int EndOfElement(ReadOnlySpan<byte> value, int start)
    {
        int comma = value[(start + 1)..].IndexOf((byte)',');
        return comma < 0 ? value.Length : start + 1 + comma;
    }

    private static void RotateRight(Span<byte> value, int count)
    {
        value.Reverse();
        value[..count].Reverse();
        value[count..].Reverse();
    }

    // Each element behind a comma, so that an absent field (nothing) and an empty one (nothing, too) are alike, and "a" and "a, b" are not.
    private static bool TryAppend(ReadOnlySpan<byte> line, Span<byte> value, ref int length)
    {
        foreach (var element in new ListElements(line))
        {
            if (length + 1 + element.Length > value.Length)
            {
                return false;
            }

            value[length++] = (byte)',';
            element.CopyTo(value[length..]);
            length += element.Length;
        }

        return true;
    }
}
