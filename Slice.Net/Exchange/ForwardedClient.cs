using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// What a trusted proxy says of the client behind it: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239) where those are missing.
/// Pure; allocates nothing on the way of a well-behaved proxy.
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
        bool isForwarded = !fields.Contains(KnownField.XForwardedFor);
        var field = isForwarded ? KnownField.Forwarded : KnownField.XForwardedFor;
        var client = peer;
        int proxies = 0;
        bool isFound = !fields.Contains(field);
        for (int line = fields.LineCount - 1; line >= 0 && !isFound; line--)
        {
            if (fields.FieldAt(line) == field)
            {
                isFound = isForwarded
                    ? IsInForwarded(fields.ValueAt(line), trusted, ref client, ref proxies)
                    : IsInList(fields.ValueAt(line), trusted, ref client, ref proxies);
            }
        }

        return client;
    }

    /// <summary>Whether the client has asked the nearest proxy by https; null when that does not say.</summary>
    public static bool? IsTls(FieldTable fields)
    {
        var scheme = LastLine(fields, KnownField.XForwardedProto, out bool isForwarded);
        if (isForwarded)
        {
            var elements = new ForwardedElements(scheme);
            elements.MoveToPrevious();
            scheme = elements.Proto;
        }
        else
        {
            scheme = TakeLast(ref scheme);
        }

        return Ascii.EqualsIgnoreCase(scheme, "https"u8) ? true : Ascii.EqualsIgnoreCase(scheme, "http"u8) ? false : null;
    }

    /// <summary>The host that the client has asked the nearest proxy for; empty when that does not say, or says none.</summary>
    public static ReadOnlySpan<byte> Host(FieldTable fields)
    {
        var host = LastLine(fields, KnownField.XForwardedHost, out bool isForwarded);
        if (isForwarded)
        {
            var elements = new ForwardedElements(host);
            elements.MoveToPrevious();
            host = elements.Host;
        }
        else
        {
            host = TakeLast(ref host);
        }

        return HostSyntax.IsValid(host, out _) ? host : default;
    }

    private static bool IsInForwarded(ReadOnlySpan<byte> line, TrustedProxies trusted, ref ClientAddress client, ref int proxies)
    {
        var elements = new ForwardedElements(line);
        while (elements.MoveToPrevious())
        {
            if (IsClient(elements.For, trusted, ref client, ref proxies))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsInList(ReadOnlySpan<byte> line, TrustedProxies trusted, ref ClientAddress client, ref int proxies)
    {
        while (!line.IsEmpty)
        {
            var node = TakeLast(ref line);

            // RFC 9110 §5.6.1.2: empty elements of a list mean nothing.
            if (!node.IsEmpty && IsClient(node, trusted, ref client, ref proxies))
            {
                return true;
            }
        }

        return false;
    }

    // Whether the search ends here, with a client or without.
    private static bool IsClient(ReadOnlySpan<byte> node, TrustedProxies trusted, ref ClientAddress client, ref int proxies)
    {
        if (++proxies > MaxProxies || !ClientAddress.TryParse(node, out var next))
        {
            return true;
        }

        client = next;
        return !trusted.Contain(client);
    }

    // What the nearest proxy has written.
    private static ReadOnlySpan<byte> LastLine(FieldTable fields, KnownField field, out bool isForwarded)
    {
        isForwarded = !fields.Contains(field);
        field = isForwarded ? KnownField.Forwarded : field;
        for (int line = fields.LineCount - 1; line >= 0 && fields.Contains(field); line--)
        {
            if (fields.FieldAt(line) == field)
            {
                return fields.ValueAt(line);
            }
        }

        return default;
    }

    // X-Forwarded-* has no quotes: one that a client has written must not hide the comma of the proxy behind it.
    private static ReadOnlySpan<byte> TakeLast(scoped ref ReadOnlySpan<byte> elements)
    {
        int comma = elements.LastIndexOf((byte)',');
        var last = FieldSyntax.TrimWhitespace(elements[(comma + 1)..]);
        elements = comma < 0 ? default : elements[..comma];
        return last;
    }
}
