using System.Text;
using Slice.Core.Options;

namespace Slice.Core.Caching;

/// <summary>
/// Makes of a target in normal form what names the stored response, by the operator's rule for the query (B35). Immutable, thread-safe.
/// </summary>
public sealed class QueryKeyRule
{
    private readonly QueryKey _query;
    private readonly byte[][] _ignored;

    /// <summary>A rule.</summary>
    /// <param name="query">Which part of the query counts.</param>
    /// <param name="ignoredArguments">Names that do not count; a trailing <c>*</c> stands for any ending.</param>
    public QueryKeyRule(QueryKey query, IReadOnlyList<string> ignoredArguments)
    {
        _query = query;
        _ignored = [.. ignoredArguments.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>Whether <see cref="Apply"/> never changes anything.</summary>
    public bool IsIdentity => _query == QueryKey.All && _ignored.Length == 0;

    /// <summary>Rewrites the query of <paramref name="target"/> in place and returns the new length, at most the old one.</summary>
    public int Apply(Span<byte> target)
    {
        int mark = target.IndexOf((byte)'?');
        if (mark < 0 || IsIdentity)
        {
            return target.Length;
        }

        if (_query == QueryKey.None)
        {
            return mark;
        }

        byte[] query = target[(mark + 1)..].ToArray();
        var arguments = new List<(int Start, int Length)>();
        for (int start = 0; start <= query.Length;)
        {
            int end = query.AsSpan(start).IndexOf((byte)'&');
            int length = end < 0 ? query.Length - start : end;
            if (length > 0 && !IsIgnored(query.AsSpan(start, length)))
            {
                arguments.Add((start, length));
            }

            start += length + 1;
        }

        if (_query == QueryKey.Sorted)
        {
            // By name only, and stable: of several arguments of one name the order may mean something.
            arguments = [.. arguments.Order(Comparer<(int Start, int Length)>.Create((left, right) =>
                NameOf(query.AsSpan(left.Start, left.Length)).SequenceCompareTo(NameOf(query.AsSpan(right.Start, right.Length)))))];
        }

        int written = mark;
        foreach (var (start, length) in arguments)
        {
            target[written] = written == mark ? (byte)'?' : (byte)'&';
            query.AsSpan(start, length).CopyTo(target[(written + 1)..]);
            written += 1 + length;
        }

        return written;
    }

    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> argument)
    {
        int equals = argument.IndexOf((byte)'=');
        return equals < 0 ? argument : argument[..equals];
    }

    private bool IsIgnored(ReadOnlySpan<byte> argument)
    {
        if (argument.Contains((byte)';'))
        {
            // Some origins take a semicolon for an ampersand: what stands behind it counts for them.
            return false;
        }

        var name = NameOf(argument);
        foreach (byte[] ignored in _ignored)
        {
            bool matches = ignored is [.., (byte)'*'] ? name.StartsWith(ignored.AsSpan(..^1)) : name.SequenceEqual(ignored);
            if (matches)
            {
                return true;
            }
        }

        return false;
    }
}
