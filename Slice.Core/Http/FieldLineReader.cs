using System.Text;

namespace Slice.Core.Http;

/// <summary>Goes through field lines as they are sent, each "Name: value" and CRLF. It allocates nothing.</summary>
/// <param name="lines">The lines.</param>
public ref struct FieldLineReader(ReadOnlySpan<byte> lines)
{
    private ReadOnlySpan<byte> _rest = lines;

    /// <summary>The line whose turn it is, with its CRLF.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    /// <summary>Its name.</summary>
    public readonly ReadOnlySpan<byte> Name => Line[..Line.IndexOf((byte)':')];

    /// <summary>Its value.</summary>
    public readonly ReadOnlySpan<byte> Value => Line[(Line.IndexOf((byte)':') + 2)..^2];

    /// <summary>Goes to the next line; false at the end.</summary>
    public bool MoveNext()
    {
        int end = _rest.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        Line = _rest[..(end + 2)];
        _rest = _rest[(end + 2)..];
        return true;
    }

    /// <summary>Whether the line has this name, in any mix of cases.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);
}
