namespace Slice.Net.SharedCache.Memcached;

/// <summary>The words of a line: of visible ASCII characters, with one space between two of them and none at either end.</summary>
/// <param name="line">The line, without its CR LF.</param>
internal ref struct MetaTokens(ReadOnlySpan<byte> line)
{
    private ReadOnlySpan<byte> _rest = line;
    private bool _isBroken;

    /// <summary>Whether all words were taken, and nothing else was between them.</summary>
    public readonly bool IsAtEnd => !_isBroken && _rest.IsEmpty;

    /// <summary>Takes the next word; false at the end, and where the next thing is no word.</summary>
    public bool TryNext(out ReadOnlySpan<byte> token)
    {
        int end = _rest.IndexOf((byte)' ');
        token = end < 0 ? _rest : _rest[..end];
        bool hasSpaceAtTheEnd = end >= 0 && end == _rest.Length - 1;
        _isBroken = _isBroken || token.ContainsAnyExceptInRange((byte)'!', (byte)'~') || (token.IsEmpty && end >= 0) || hasSpaceAtTheEnd;
        if (_isBroken || token.IsEmpty)
        {
            return false;
        }

        _rest = end < 0 ? default : _rest[(end + 1)..];
        return true;
    }
}
