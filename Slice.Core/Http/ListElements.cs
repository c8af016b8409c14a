namespace Slice.Core.Http;

/// <summary>
/// Walks over the elements of a comma-separated list (RFC 9110 §5.6.1) whose elements contain no quoted commas: connection options,
/// transfer codings, ranges. OWS around elements is dropped and empty elements are skipped, as §5.6.1.2 asks of a recipient.
/// Lists of entity tags may hold commas within quotes; they are read with <see cref="EntityTag.TryReadNext"/>.
/// </summary>
internal ref struct ListElements(ReadOnlySpan<byte> list)
{
    private ReadOnlySpan<byte> _rest = list;

    /// <summary>The current element, never empty; valid after <see cref="MoveNext"/> returned true.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Returns itself, for <c>foreach</c>.</summary>
    public readonly ListElements GetEnumerator() => this;

    /// <summary>Goes to the next element that is not empty; false after the last.</summary>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            int comma = _rest.IndexOf((byte)',');
            Current = FieldSyntax.TrimWhitespace(comma < 0 ? _rest : _rest[..comma]);
            _rest = comma < 0 ? default : _rest[(comma + 1)..];
            if (!Current.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }
}
