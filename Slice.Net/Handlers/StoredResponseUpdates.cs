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

    /// <summary>Applies the answer to a client's own request.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="response">The origin's answer to it.</param>
    public void Apply(HttpExchange exchange, OriginResponse response)
    {
        if (!IsUnsafe(exchange.Head) || response.Status is not (>= 200 and < 400))
        {
            return;
        }

        index.Remove(exchange.Key);
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
    public void ApplyHead(HttpExchange exchange, OriginResponse response, Generation? stale)
    {
        if (stale is { IsRetired: false })
        {
            ApplyHead(exchange.Reader, response, stale);
        }
    }

    // RFC 9111 §4.3.5: what the HEAD states must not contradict what is stored. A 304 answers the client's own condition and says nothing
    // here. A weak validator makes nothing fresh (B52): origins send the same one with other bytes, and whoever asked with HEAD again and
    // again would keep the old bytes for everybody.
    private void ApplyHead(StoredResponseReader reader, OriginResponse response, Generation stale)
    {
        // Only an answer that could have been stored changes what is (B52): a 4xx is about this request, but for those that tell of the
        // object.
        if (response.Status is 304 or >= 500 || (response.Status >= 400 && response.Status is not (404 or 410)))
        {
            return;
        }

        var stored = stale.Response;
        var seen = PartialResponseCheck.ValidatorOf(response, response.ContentLength < 0 ? stored.CompleteLength : response.ContentLength);
        if (StoredResponseReader.VariesOtherwise(stored, response))
        {
            index.Remove(stale);
        }
        else if (response.Status == stored.Status
            && stored.MayCombine
            && seen.IsPresent
            && seen.IsSameVersion(stored.Validator)
            && !reader.TakesBack(reader.Receive(response, stored)))
        {
            stale.Freshen(reader.Freshen(stored, response));
        }
        else if (response.Status is 404 or 410 || !seen.IsSameVersion(stored.Validator))
        {
            index.Remove(stale);
        }
    }

    // RFC 9110 §9.2.1; a method that we do not know counts as unsafe (RFC 9111 §4.4).
    private static bool IsUnsafe(RequestHead head) =>
        head.Method is not (RequestMethod.Get or RequestMethod.Head or RequestMethod.Options) && !head.MethodBytes.SequenceEqual("TRACE"u8);

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

        string host = Encoding.Latin1.GetString(exchange.Head.Host);
        string target = Encoding.Latin1.GetString(exchange.Head.Target.PathAndQuery);
        var baseUri = host.Length > 0 && Uri.TryCreate("http://" + host, UriKind.Absolute, out var parsed) ? parsed : s_anywhere;
        if (!Uri.TryCreate(baseUri.GetLeftPart(UriPartial.Authority) + target, s_asSent, out var requested)
            || !Uri.TryCreate(requested, reference, out var uri)
            || uri.Scheme is not ("http" or "https")
            || !uri.Authority.Equals(baseUri.Authority, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        byte[] path = Encoding.Latin1.GetBytes(uri.GetComponents(UriComponents.PathAndQuery, UriFormat.UriEscaped));
        byte[] key = new byte[exchange.KeyPrefix.Length + path.Length];
        exchange.KeyPrefix.CopyTo(key);
        int length = NormalizedTarget.Write(path, key.AsSpan(exchange.KeyPrefix.Length));
        length = exchange.Settings.QueryKeyRule.Apply(key.AsSpan(exchange.KeyPrefix.Length, length));
        index.Remove(key.AsSpan(0, exchange.KeyPrefix.Length + length));
    }
}
