using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// One GET of ours, whichever address of the origin it goes to: a new message is made for each. One user at a time.
/// </summary>
internal sealed class OriginCall
{
    private readonly OriginRequest _request;

    /// <summary>A call for a request.</summary>
    public OriginCall(OriginRequest request) => _request = request;

    /// <summary>The request.</summary>
    public OriginRequest Request => _request;

    /// <summary>Where interim responses go; null for nowhere.</summary>
    public IInterimResponseSink? InterimResponses => _request.InterimResponses;

    /// <summary>Ends the wait for the response head, as <see cref="OriginRequest.Abandoned"/> says.</summary>
    public CancellationToken Abandoned => _request.Abandoned;

    /// <summary>Name of the address where an earlier try has failed, or null.</summary>
    public string? FailedOrigin => _request.FailedOrigin;

    /// <summary>The address to ask first, or null.</summary>
    public string? PreferredOrigin => _request.PreferredOrigin;

    /// <summary>Whether it fails at once while every address rests.</summary>
    public bool SparesResting => _request.SparesResting;

    /// <summary>Addresses that are not asked.</summary>
    public IReadOnlyList<string> OriginsOfOtherVersions => _request.OriginsOfOtherVersions;

    /// <summary>Whether the request may go to another address after this failure. A GET may be repeated (RFC 9110 §9.2.2).</summary>
    public static bool MayGoElsewhere(FetchError failure) => failure is FetchError.DnsError or FetchError.ConnectionRefused
        or FetchError.ConnectionTimeout or FetchError.TlsCertificateError or FetchError.TlsProtocolError
        or FetchError.ConnectionTerminated or FetchError.HttpResponseTimeout or FetchError.HttpProtocolError;

    /// <summary>
    /// Whether the pool can send the request's Host. It takes no name that <see cref="Uri"/> does not take; RFC 3986 allows more, and our
    /// parser lets them through.
    /// </summary>
    public bool HasKnownHost => _request.Template.Host is not { } host
        || (!host.Contains(',', StringComparison.Ordinal) && Uri.TryCreate($"http://u@{host}/", UriKind.Absolute, out _));

    /// <summary>The request as it goes to one address.</summary>
    public HttpRequestMessage NewMessage(OriginEndpoint endpoint)
    {
        var template = _request.Template;

        // The target goes out byte for byte: Uri would otherwise decode %41 and resolve dot segments.
        var uri = new Uri(endpoint.Root + template.Target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(HttpMethod.Get, uri)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        foreach (var field in template.Fields)
        {
            message.Headers.TryAddWithoutValidation(field.Name, field.Value);
        }

        if (template.RequestId.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("X-Request-Id", template.RequestId);
        }

        message.Headers.Host = template.Host ?? endpoint.Host;
        AddSelection(message.Headers, _request);
        return message;
    }

    private static void AddSelection(HttpRequestHeaders headers, OriginRequest request)
    {
        if (!request.Template.PassesAcceptEncoding)
        {
            headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        }

        if (request.Range is { } range)
        {
            headers.TryAddWithoutValidation("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={range.Start}-{range.End - 1}"));
        }

        if (request.PinnedVersion is { HasStrongEntityTag: true, EntityTag: { } pinned })
        {
            headers.TryAddWithoutValidation("If-Match", pinned);
        }
        else if (request.PinnedVersion is { LastModified: { } unmodifiedSince })
        {
            headers.TryAddWithoutValidation("If-Unmodified-Since", unmodifiedSince);
        }

        if (request.KnownVersion is { EntityTag: { } known })
        {
            headers.TryAddWithoutValidation("If-None-Match", known);
        }

        if (request.KnownVersion is { LastModified: { } modifiedSince })
        {
            headers.TryAddWithoutValidation("If-Modified-Since", modifiedSince);
        }
    }
}
