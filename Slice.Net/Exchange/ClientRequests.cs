using System.Net;
using System.Text;
using Slice.Core.Http;
using Slice.Net.Origin;

namespace Slice.Net.Exchange;

/// <summary>Makes of a client's request what goes to the origin over a connection of ours (B62). Pure.</summary>
/// <remarks>
/// Method, target and every end-to-end field line go as they came, in order, once; only Max-Forwards counts down (RFC 9110 §7.6.2). What
/// belongs to the connection stays here; what we say ourselves comes last: <c>X-Forwarded-*</c>, <c>Forwarded</c> where configured,
/// X-Request-Id, Via or what stands for it (<see cref="ProxyIdentity"/>).
/// </remarks>
internal static class ClientRequests
{
    // X-Forwarded-For of an IPv6 address, -Proto, X-Request-Id, Via and the ends of the lines. More is grown.
    private const int OwnBytes = 320;

    /// <summary>The client's own request. The caller disposes it.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="interim">Where interim responses go; null for nowhere.</param>
    /// <param name="upgrade">Protocols to change to (RFC 9110 §7.8); null for none.</param>
    public static WireRequest Of(HttpExchange exchange, IInterimResponses? interim, string? upgrade = null)
    {
        var head = exchange.Head;
        var request = new WireRequest(head.MethodBytes, head.PathAndQuery, head.Length + (2 * head.Host.Length) + OwnBytes)
        {
            RequestId = exchange.Client.RequestIdText,
            Host = exchange.Settings.Options.ForwardHost && head.Host.Length > 0 ? Encoding.Latin1.GetString(head.Host) : null,
            Body = head.HasBody ? exchange.Body : null,
            IsChunked = head.IsChunked,
            ExpectsContinue = head.ExpectsContinue,
            IsUpgrade = upgrade is not null,
            InterimResponses = interim,
            Private = exchange.PrivateWire,
            BindsConnection = ConnectionLogins.IsIn(head.Fields),
        };
        bool sendsVia = ProxyIdentity.SendsVia(head.Fields, exchange.Settings.Options.ViaToOrigin);
        bool keepsId = KeepsRequestId(exchange);
        WriteEndToEnd(request, head, sendsVia, exchange.Settings.ChangesHost(head.Host), keepsId);
        if (head.IsChunked)
        {
            request.WriteField("Transfer-Encoding"u8, "chunked"u8);
        }

        if (upgrade is not null)
        {
            request.WriteField("Connection"u8, "Upgrade"u8);
            request.WriteField("Upgrade", upgrade);
        }

        WriteForwarded(request, exchange);
        if (!keepsId)
        {
            request.WriteField(RequestId.FieldName, exchange.Client.RequestId);
        }

        WriteIdentity(request, exchange, sendsVia);
        request.EndHead();
        return request;
    }

    /// <summary>A HEAD as a stranger would send it. The caller disposes it.</summary>
    public static WireRequest OfStranger(HttpExchange exchange, IInterimResponses? interim)
    {
        var template = exchange.Template;
        var request = new WireRequest("HEAD"u8, Encoding.Latin1.GetBytes(template.Target), OwnBytes)
        {
            RequestId = template.RequestId,
            Host = template.Host,
            InterimResponses = interim,
        };
        foreach (var field in template.Fields)
        {
            request.WriteField(field.Name, field.Value);
        }

        request.WriteField("X-Request-Id", template.RequestId);

        request.EndHead();
        return request;
    }

    private static void WriteIdentity(WireRequest request, HttpExchange exchange, bool sendsVia)
    {
        var identity = exchange.Settings.Identity;
        if (sendsVia)
        {
            request.WriteField("Via", identity.Via);
        }
        else
        {
            request.WriteField("CDN-Loop", identity.LoopBehindVia(exchange.Head.Fields));
        }
    }

    // The log and the origin's say the same id, which is ours. One that the client has signed stays where nothing else may change either.
    private static bool KeepsRequestId(HttpExchange exchange)
    {
        var head = exchange.Head;
        return head.Fields.NextIndex(RequestId.FieldName, 0) >= 0
            && RequestSignature.CoversWhatWeSet(head, exchange.Settings.ChangesHost(head.Host));
    }

    private static void WriteEndToEnd(WireRequest request, RequestHead head, bool sendsVia, bool changesHost, bool keepsId)
    {
        bool isSigned = head.Method == RequestMethod.Head && RequestSignature.CoversWhatWeSet(head, changesHost);
        bool countsForwards = MaxForwards.TryRead(head, out long forwardsLeft);
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            var field = head.Fields.FieldAt(index);
            bool isOurs = field is KnownField.Host
                or KnownField.XForwardedFor or KnownField.XForwardedHost or KnownField.XForwardedProto
                || (field == KnownField.Via && !sendsVia)
                || (field == KnownField.Other && !keepsId && SharedRequestFields.IsRequestId(head.Fields.NameAt(index)));

            // RFC 9110 §10.1.1: of HTTP/1.0 an expectation means nothing, and the origin must not answer one that we would send as 1.1.
            isOurs |= field == KnownField.Expect && head.MinorVersion == 0;

            // A range means nothing to HEAD (RFC 9110 §14.2), and origins that think otherwise tell the length of the part. A signature may
            // cover the field all the same.
            isOurs |= field is KnownField.Range or KnownField.IfRange && head.Method == RequestMethod.Head && !isSigned;
            if (field == KnownField.MaxForwards && countsForwards)
            {
                request.WriteField(head.Fields.NameAt(index), forwardsLeft - 1);
            }
            else if (!isOurs && !HopByHopFields.IsHopByHop(head.Fields, index))
            {
                request.WriteField(head.Fields.NameAt(index), head.Fields.ValueAt(index));
            }
        }
    }

    private static void WriteForwarded(WireRequest request, HttpExchange exchange)
    {
        var head = exchange.Head;
        if (exchange.RemoteEndPoint is IPEndPoint { Address: var address })
        {
            request.WriteField("X-Forwarded-For", ForwardedForOf(head) + (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));
        }

        request.WriteField("X-Forwarded-Proto"u8, exchange.Client.IsTls ? "https"u8 : "http"u8);
        request.WriteField("X-Forwarded-Host"u8, exchange.Client.Host);
        if (exchange.Settings.Options.SendsForwarded)
        {
            // The client's own elements stand before ours.
            var element = ForwardedElement.Of(exchange.RemoteEndPoint, head.Host, exchange.IsTls);
            request.WriteField(element.Name, element.Value);
        }
    }

    private static string ForwardedForOf(RequestHead head)
    {
        string forwardedFor = "";
        for (int line = head.Fields.NextIndex(KnownField.XForwardedFor, 0);
             line >= 0;
             line = head.Fields.NextIndex(KnownField.XForwardedFor, line + 1))
        {
            forwardedFor += Encoding.Latin1.GetString(head.Fields.ValueAt(line)) + ", ";
        }

        return forwardedFor;
    }
}
