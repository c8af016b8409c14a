using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// What a trusted proxy says of the client behind it: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239) where those are missing.
/// Pure; allocates nothing.
/// </summary>
/// <remarks>
/// X-Forwarded-* comes first, because nearly every proxy sets that and passes a Forwarded on that it does not know: a client could write
/// into it whatever it likes.
/// </remarks>
internal static class ForwardedClient
{
    // A chain has two or three. Arbitrary.
    private const int MaxProxies = 32;

    /// <summary>
    /// The client of a request that has come from a trusted proxy: the last address of the list that is none of the trusted ones. What
    /// stands left of that address, the client itself may have written. Where the list ends before, or goes on with something that is no
    /// address, the client is the last trusted proxy that was found.
    /// </summary>
    public static ClientAddress Find(FieldTable fields, ClientAddress peer, TrustedProxies trusted)
    {
        var field = fields.Contains(KnownField.XForwardedFor) ? KnownField.XForwardedFor : KnownField.Forwarded;
        var client = peer;
        int proxies = 0;
        for (int line = fields.LineCount - 1; line >= 0 && fields.Contains(field); line--)
        {
            if (fields.FieldAt(line) != field)
            {
                continue;
            }

            var elements = fields.ValueAt(line);
            while (!elements.IsEmpty)
            {
                var element = TakeLast(ref elements);
                if (element.IsEmpty)
                {
                    // RFC 9110 §5.6.1.2: empty elements of a list mean nothing.
                    continue;
                }

                var node = field == KnownField.Forwarded ? ParameterOf(element, "for"u8) : element;
                if (++proxies > MaxProxies || !ClientAddress.TryParse(node, out var next))
                {
                    return client;
                }

                client = next;
                if (!trusted.Contain(client))
                {
                    return client;
                }
            }
        }

        return client;
    }

    /// <summary>Whether the client has asked the nearest proxy by https; null when that does not say.</summary>
    public static bool? IsTls(FieldTable fields)
    {
        var scheme = Last(fields, KnownField.XForwardedProto, "proto"u8);
        return Ascii.EqualsIgnoreCase(scheme, "https"u8) ? true : Ascii.EqualsIgnoreCase(scheme, "http"u8) ? false : null;
    }

    /// <summary>The host that the client has asked the nearest proxy for; empty when that does not say, or says none.</summary>
    public static ReadOnlySpan<byte> Host(FieldTable fields)
    {
        var host = Last(fields, KnownField.XForwardedHost, "host"u8);
        return HostSyntax.IsValid(host, out _) ? host : default;
    }

    // What the nearest proxy has said: the last element.
    private static ReadOnlySpan<byte> Last(FieldTable fields, KnownField field, ReadOnlySpan<byte> parameter)
    {
        bool isForwarded = !fields.Contains(field);
        field = isForwarded ? KnownField.Forwarded : field;
        for (int line = fields.LineCount - 1; line >= 0 && fields.Contains(field); line--)
        {
            if (fields.FieldAt(line) == field)
            {
                var elements = fields.ValueAt(line);
                var element = TakeLast(ref elements);
                return isForwarded ? ParameterOf(element, parameter) : element;
            }
        }

        return default;
    }

    // A comma in quotes ends no element.
    private static ReadOnlySpan<byte> TakeLast(scoped ref ReadOnlySpan<byte> elements)
    {
        int comma = -1;
        bool isQuoted = false;
        if (elements.Contains((byte)'"'))
        {
            for (int index = 0; index < elements.Length; index++)
            {
                isQuoted ^= elements[index] == '"';
                comma = elements[index] == ',' && !isQuoted ? index : comma;
            }
        }
        else
        {
            comma = elements.LastIndexOf((byte)',');
        }

        var last = elements[(comma + 1)..].Trim(" \t"u8);
        elements = comma < 0 ? default : elements[..comma];
        return last;
    }

    // The value of a parameter of a Forwarded element, without quotes; no value that we look for needs an escape.
    private static ReadOnlySpan<byte> ParameterOf(ReadOnlySpan<byte> element, scoped ReadOnlySpan<byte> name)
    {
        while (!element.IsEmpty)
        {
            int end = element.IndexOf((byte)';');
            var pair = (end < 0 ? element : element[..end]).Trim(" \t"u8);
            element = end < 0 ? default : element[(end + 1)..];
            int equals = pair.IndexOf((byte)'=');
            if (equals > 0 && Ascii.EqualsIgnoreCase(pair[..equals], name))
            {
                var value = pair[(equals + 1)..];
                return value is [(byte)'"', .., (byte)'"'] ? value[1..^1] : value;
            }
        }

        return default;
    }
}
