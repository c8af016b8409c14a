using System.Buffers;

namespace Slice.Core.Http;

/// <summary>An entity tag (RFC 9110 §8.8.3) as spans over somebody else's bytes.</summary>
public readonly ref struct EntityTag
{
    // What etagc leaves out below obs-text: controls, space, the quote, DEL.
    private static readonly SearchValues<byte> s_excludedBytes = SearchValues.Create(
        "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000A\u000B\u000C\u000D\u000E\u000F"u8
            + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001A\u001B\u001C\u001D\u001E\u001F \"\u007F"u8);

    private EntityTag(bool isWeak, ReadOnlySpan<byte> opaqueTag)
    {
        IsWeak = isWeak;
        OpaqueTag = opaqueTag;
    }

    /// <summary>Whether it was marked <c>W/</c>: equal tags then mean equivalent, not identical, bytes.</summary>
    public bool IsWeak { get; }

    /// <summary>The opaque tag with its quotes.</summary>
    public ReadOnlySpan<byte> OpaqueTag { get; }

    /// <summary>Parses a value that is exactly one entity tag, as in ETag and If-Range. <c>W/</c> is case-sensitive.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out EntityTag tag) => TryReadPrefix(ref value, out tag) && value.IsEmpty;

    /// <summary>
    /// Takes the next entity tag from a list, as in If-Match and If-None-Match, and moves <paramref name="list"/> past it. False at the
    /// end of the list and at anything that is not an entity tag; the rest cannot be told apart then, and is not looked at.
    /// </summary>
    public static bool TryReadNext(scoped ref ReadOnlySpan<byte> list, out EntityTag tag)
    {
        list = list.TrimStart(" \t,"u8);
        if (!TryReadPrefix(ref list, out tag))
        {
            return false;
        }

        list = list.TrimStart(" \t"u8);
        return list.IsEmpty || list[0] == ',';
    }

    /// <summary>Strong comparison (RFC 9110 §8.8.3.2): equal, and neither is weak.</summary>
    public bool StrongEquals(EntityTag other) => !IsWeak && !other.IsWeak && WeakEquals(other);

    /// <summary>Weak comparison (RFC 9110 §8.8.3.2): equal opaque tags, weak or not.</summary>
    public bool WeakEquals(EntityTag other) => OpaqueTag.SequenceEqual(other.OpaqueTag);

    private static bool TryReadPrefix(scoped ref ReadOnlySpan<byte> value, out EntityTag tag)
    {
        tag = default;
        bool isWeak = value.StartsWith("W/"u8);
        ReadOnlySpan<byte> rest = isWeak ? value[2..] : value;
        if (rest.IsEmpty || rest[0] != '"')
        {
            return false;
        }

        int closing = rest[1..].IndexOfAny(s_excludedBytes) + 1;
        if (closing == 0 || rest[closing] != '"')
        {
            return false;
        }

        tag = new EntityTag(isWeak, rest[..(closing + 1)]);
        value = rest[(closing + 1)..];
        return true;
    }
}
