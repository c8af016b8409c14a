using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// Which requests are signed so that another Range, other conditions or another coding break the signature (B66): parts of an object store
/// that a client downloads at once, for instance. Pure.
/// </summary>
/// <remarks>
/// Read are AWS Signature Version 4 (<c>SignedHeaders=host;range</c> in Authorization, <c>X-Amz-SignedHeaders</c> in the query), those of
/// Google, Alibaba, Tencent and Volcengine that are made like it, HTTP signatures (<c>headers="host range"</c>), HTTP Message Signatures
/// (RFC 9421), and Azure's SharedKey, which always covers Range and the conditions.
/// </remarks>
public static class RequestSignature
{
    /// <summary>Whether a signature of the request covers a field that requests of ours set or leave out.</summary>
    /// <param name="head">The request.</param>
    /// <param name="changesHost">
    /// Whether the origin is asked for another Host. It then counts where a field holds the signature: who signs in that way signs the Host
    /// that it sends. A signed URL may well be signed for the origin's Host.
    /// </param>
    public static bool CoversWhatWeSet(RequestHead head, bool changesHost) =>
        IsInQuery(head.Target.Query) || IsInFields(head.Fields, changesHost);

    private static bool IsInFields(FieldTable fields, bool changesHost)
    {
        for (int index = 0; index < fields.LineCount; index++)
        {
            if (fields.FieldAt(index) == KnownField.Authorization)
            {
                var value = fields.ValueAt(index);
                if (HasScheme(value, "SharedKey"u8) || NamesOurs(ListIn(value), changesHost))
                {
                    return true;
                }
            }
            else if (fields.FieldAt(index) == KnownField.Other && IsOfSignature(fields, index, changesHost))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOfSignature(FieldTable fields, int index, bool changesHost)
    {
        var name = fields.NameAt(index);
        return name.Length switch
        {
            9 => Is(name, "Signature"u8) && NamesOurs(ListIn(fields.ValueAt(index)), changesHost),
            15 => Is(name, "Signature-Input"u8) && NamesOurs(fields.ValueAt(index), changesHost),
            _ => false,
        };
    }

    private static bool IsInQuery(ReadOnlySpan<byte> query)
    {
        while (!query.IsEmpty)
        {
            int end = query.IndexOf((byte)'&');
            var argument = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            int equals = argument.IndexOf((byte)'=');
            if (equals > 0 && IsNameOfList(argument[..equals]) && NamesOurs(argument[(equals + 1)..], changesHost: false))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNameOfList(ReadOnlySpan<byte> name) => name.Length switch
    {
        13 => Is(name, "q-header-list"u8),
        19 => Is(name, "X-Amz-SignedHeaders"u8) || Is(name, "X-Tos-SignedHeaders"u8),
        20 => Is(name, "X-Goog-SignedHeaders"u8),
        24 => Is(name, "x-oss-additional-headers"u8),
        _ => false,
    };

    // The value of a parameter whose name ends so: SignedHeaders, AdditionalHeaders, headers, q-header-list.
    private static ReadOnlySpan<byte> ListIn(ReadOnlySpan<byte> parameters)
    {
        int start = IndexBehind(parameters, "headers="u8);
        start = start < 0 ? IndexBehind(parameters, "header-list="u8) : start;
        if (start < 0)
        {
            return default;
        }

        var list = parameters[start..];
        bool isQuoted = list.StartsWith("\""u8);
        list = isQuoted ? list[1..] : list;
        int end = isQuoted ? list.IndexOf((byte)'"') : list.IndexOfAny((byte)',', (byte)'&');
        return end < 0 ? list : list[..end];
    }

    private static int IndexBehind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> sought)
    {
        for (int index = 0; index + sought.Length <= text.Length; index++)
        {
            if (Is(text.Slice(index, sought.Length), sought))
            {
                return index + sought.Length;
            }
        }

        return -1;
    }

    // Names stand between anything that is no letter, digit, hyphen or underscore; in a query that may be an escape.
    private static bool NamesOurs(ReadOnlySpan<byte> list, bool changesHost)
    {
        for (int start = 0; start < list.Length;)
        {
            int length = 0;
            while (start + length < list.Length && IsOfName(list[start + length]))
            {
                length++;
            }

            if (length > 0 && IsOurs(list.Slice(start, length), changesHost))
            {
                return true;
            }

            start += length;
            start += start < list.Length && list[start] == '%' ? 3 : 1;
        }

        return false;
    }

    private static bool IsOurs(ReadOnlySpan<byte> name, bool changesHost)
    {
        var field = KnownFields.Find(name);
        return field == KnownField.Host ? changesHost : !SharedRequestFields.GoesWithOwn(field, name);
    }

    private static bool IsOfName(byte character) => char.IsAsciiLetterOrDigit((char)character) || character is (byte)'-' or (byte)'_';

    private static bool HasScheme(ReadOnlySpan<byte> value, ReadOnlySpan<byte> scheme) =>
        value.Length > scheme.Length && value[scheme.Length] == ' ' && Is(value[..scheme.Length], scheme);

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(text, other);
}
