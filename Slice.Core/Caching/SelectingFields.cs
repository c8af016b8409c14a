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
    internal const int MaxValueBytes = SelectingValue.MaxBytes;

    // What an array takes, with the reference to it.
    private const int ObjectBytes = 32;

    private readonly (byte[] Name, byte[] Value)[] _fields;

    private SelectingFields((byte[] Name, byte[] Value)[] fields) => _fields = fields;

    /// <summary>The names and the values, as they are stored.</summary>
    internal (byte[] Name, byte[] Value)[] Fields => _fields;

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
        Span<byte> buffer = stackalloc byte[MaxValueBytes];
        int steps = 0;
        foreach (var (name, wanted) in _fields)
        {
            if (!SelectingValue.TryRead(request, name, buffer, out int length, ref steps) || !buffer[..length].SequenceEqual(wanted))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a field is among those that another request must agree in.</summary>
    internal bool Has(string name) => Array.Exists(
        _fields, field => Encoding.Latin1.GetString(field.Name).Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the same Vary has made both, but for order and case.</summary>
    internal bool HasSameNames(SelectingFields other)
    {
        bool isSame = other._fields.Length == _fields.Length;
        for (int index = 0; isSame && index < _fields.Length; index++)
        {
            isSame = _fields[index].Name.AsSpan().SequenceEqual(other._fields[index].Name);
        }

        return isSame;
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
        int rawBytes = 0;
        string text = Encoding.Latin1.GetString(name);
        value = [];
        foreach (var line in request)
        {
            if (line.Name.Equals(text, StringComparison.OrdinalIgnoreCase)
                && !SelectingValue.TryAppend(Encoding.Latin1.GetBytes(line.Value), buffer, ref length, ref rawBytes))
            {
                return false;
            }
        }

        int steps = 0;
        SelectingValue.Order(name, buffer[..length], ref steps);
        value = buffer[..length].ToArray();
        return true;
    }
}
