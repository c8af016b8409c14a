using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// What answers that pass through say about what is stored: an unsafe method that succeeded makes it invalid (RFC 9111 §4.4, B34), a
/// HEAD shows whether it is still good (RFC 9111 §4.3.5). Thread-safe.
/// </summary>
internal sealed class StoredResponseUpdates(ObjectIndex index)
{
    // Base for relative references; only path and query of what comes out are looked at.
    private static readonly Uri s_anywhere = new("http://pingora-slice.invalid/");

    private static readonly UriCreationOptions s_asSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>What was removed of the target of a request until now: a purge since then wins over the answer.</summary>
    public RemovalMark MarkOf(HttpExchange exchange) => index.MarkOf(exchange.Key);

    /// <summary>Applies the answer to a client's own request.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="response">The origin's answer to it.</param>
    public void Apply(HttpExchange exchange, OriginResponse response)
    {
        if (!IsUnsafe(exchange.Head) || response.Status is not (>= 200 and < 400))
        {
            return;
        }

        index.Invalidate(exchange.Key);
        Invalidate(exchange, response.FindSingle("Location"));
        Invalidate(exchange, response.FindSingle("Content-Location"));

        // RFC 4918 §9.8, §9.9: what lies there is another resource now. RFC 9111 §4.4 names the target only, and allows more.
        if (IsMoveOrCopy(exchange.Head))
        {
            Invalidate(exchange, DestinationOf(exchange.Head));
        }
    }

    /// <summary>Applies the answer to a HEAD that a stranger might have sent.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="response">The origin's answer to it.</param>
    /// <param name="stale">What is stored under its target and not fresh, or null.</param>
    /// <param name="asked"><see cref="MarkOf"/> the exchange before the origin was asked.</param>
    public void ApplyHead(HttpExchange exchange, OriginResponse response, Generation? stale, RemovalMark asked)
    {
        if (stale is not { IsRetired: false })
        {
            return;
        }

        if (response.Status is 404 or 410)
        {
            if (!Storability.IsAboutWhence(exchange.Reader.Receive(response), exchange.Template))
            {
                index.RemoveChanged(stale);
            }
        }
        else
        {
            ApplyHead(exchange.Reader, response, stale, asked);
        }
    }

    // RFC 9111 §4.3.5: what the HEAD states must not contradict what is stored. A weak validator makes nothing fresh (B52): origins send
    // the same one with other bytes, and whoever asked with HEAD again and again would keep the old bytes for everybody. A HEAD that
    // states nothing, a redirect, an error about this request and another Vary change nothing: the next GET finds out.
    private void ApplyHead(StoredResponseReader reader, OriginResponse response, Generation stale, RemovalMark asked)
    {
        var stored = stale.Response;
        if (response.Status != stored.Status || StoredResponseReader.VariesOtherwise(stored, response))
        {
            return;
        }

        var seen = PartialResponseCheck.ValidatorOf(response, response.ContentLength < 0 ? stored.CompleteLength : response.ContentLength);
        var comparedBy = reader.ComparedBy;
        if (IsAnotherVersion(stored.Validator.For(comparedBy), seen.For(comparedBy)))
        {
            index.RemoveChanged(stale);
        }
        else if (stored.MayCombine
            && seen.IsProof(comparedBy)
            && seen.IsSameVersion(stored.Validator, comparedBy)
            && !reader.TakesBack(reader.Receive(response, stored)))
        {
            index.Freshen(stale, reader.Freshen(stored, response), asked);
        }
    }

    // Only by what both state: origins and their modules leave validators out of some answers.
    private static bool IsAnotherVersion(Validator stored, Validator seen)
    {
        if (seen.CompleteLength != stored.CompleteLength)
        {
            return true;
        }

        bool haveTags = seen.EntityTag is not null && stored.EntityTag is not null;
        if (haveTags && (seen.EntityTag != stored.EntityTag || seen.HasStrongEntityTag))
        {
            return seen.EntityTag != stored.EntityTag;
        }

        return seen.LastModified is not null && stored.LastModified is not null && seen.LastModified != stored.LastModified;
    }

    // All that the IANA registry of methods calls safe, but PRI, which opens HTTP/2 and is no request. A method that we do not know counts
    // as unsafe (RFC 9111 §4.4).
    private static bool IsUnsafe(RequestHead head) =>
        head.Method is not (RequestMethod.Get or RequestMethod.Head or RequestMethod.Options or RequestMethod.Trace)
        && !head.MethodBytes.SequenceEqual("PROPFIND"u8)
        && !head.MethodBytes.SequenceEqual("REPORT"u8)
        && !head.MethodBytes.SequenceEqual("SEARCH"u8)
        && !head.MethodBytes.SequenceEqual("QUERY"u8);

    private static bool IsMoveOrCopy(RequestHead head) =>
        head.MethodBytes.SequenceEqual("MOVE"u8) || head.MethodBytes.SequenceEqual("COPY"u8);

    private static string? DestinationOf(RequestHead head)
    {
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            if (Ascii.EqualsIgnoreCase(head.Fields.NameAt(index), "Destination"u8))
            {
                return Encoding.Latin1.GetString(head.Fields.ValueAt(index));
            }
        }

        return null;
    }

    // Only of the same origin (RFC 9111 §4.4): otherwise one site could empty the cache of another.
    private void Invalidate(HttpExchange exchange, string? reference)
    {
        if (reference is null)
        {
            return;
        }

        string host = NormalHost(exchange.Client.Host, exchange.Client.IsTls);
        string target = Encoding.Latin1.GetString(exchange.Head.PathAndQuery);
        string scheme = exchange.Client.IsTls ? "https://" : "http://";
        var baseUri = host.Length > 0 && Uri.TryCreate(scheme + host, UriKind.Absolute, out var parsed) ? parsed : s_anywhere;
        if (!Uri.TryCreate(baseUri.GetLeftPart(UriPartial.Authority) + target, s_asSent, out var requested)
            || !Uri.TryCreate(requested, reference, out var uri)
            || uri.Scheme is not ("http" or "https")
            || !(IsSameSite(uri, baseUri) || IsOfOrigin(exchange, uri)))
        {
            return;
        }

        byte[] path = Encoding.Latin1.GetBytes(uri.GetComponents(UriComponents.PathAndQuery, UriFormat.UriEscaped));
        byte[] key = new byte[exchange.KeyPrefix.Length + path.Length];
        exchange.KeyPrefix.CopyTo(key);
        int length = NormalizedTarget.Write(path, key.AsSpan(exchange.KeyPrefix.Length));
        length = exchange.Settings.QueryKeyRule.Apply(key.AsSpan(exchange.KeyPrefix.Length, length));
        index.Invalidate(key.AsSpan(0, exchange.KeyPrefix.Length + length));
    }

    // The origin may call the same site by its own address.
    private static bool IsOfOrigin(HttpExchange exchange, Uri reference) =>
        exchange.Settings.References.TryFind(
            Encoding.Latin1.GetBytes(reference.AbsoluteUri), exchange.Client.Host, exchange.Client.IsTls, out _);

    // Also http beside https: behind a balancer that ends TLS we cannot tell which of the two the client used.
    private static bool IsSameSite(Uri reference, Uri requested)
    {
        bool isTls = reference.Scheme == "https";
        return NormalHost(Encoding.Latin1.GetBytes(reference.Authority), isTls)
            == NormalHost(Encoding.Latin1.GetBytes(requested.Authority), isTls);
    }

    private static string NormalHost(ReadOnlySpan<byte> host, bool isTls)
    {
        byte[] normal = new byte[host.Length];
        return Encoding.Latin1.GetString(normal, 0, HostSyntax.Normalize(host, isTls, normal));
    }
}
