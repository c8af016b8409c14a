using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// One request for the origin, whichever of its addresses it goes to: a new message is made for each. One user at a time.
/// </summary>
internal sealed class OriginCall
{
    private static readonly HttpMethod[] s_idempotentMethods =
        [HttpMethod.Get, HttpMethod.Head, HttpMethod.Options, HttpMethod.Trace, HttpMethod.Put, HttpMethod.Delete];

    private readonly HttpMethod _method;
    private readonly SubrequestTemplate _template;
    private readonly OriginRequest? _request;

    /// <summary>A GET of our own.</summary>
    public OriginCall(OriginRequest request) =>
        (_method, _template, _request, InterimResponses) = (HttpMethod.Get, request.Template, request, request.InterimResponses);

    /// <summary>A client's request that is passed through.</summary>
    public OriginCall(string method, SubrequestTemplate template, RequestBodyContent? body)
    {
        (_method, _template, Body) = (new HttpMethod(method), template, body);
        foreach (var field in body is null ? [] : template.Fields)
        {
            if (field.Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            {
                body!.Headers.TryAddWithoutValidation(field.Name, field.Value);
            }
        }
    }

    /// <summary>The body, sent once; null without one.</summary>
    public RequestBodyContent? Body { get; }

    /// <summary>Protocols to change to (RFC 9110 §7.8), as the value of Upgrade; null for none.</summary>
    public string? Upgrade { get; init; }

    /// <summary>Where interim responses go; null for nowhere.</summary>
    public IInterimResponseSink? InterimResponses { get; init; }

    /// <summary>Whether it is a GET of our own.</summary>
    public bool IsSubrequest => _request is not null;

    /// <summary>Ends the wait for the response head, as <see cref="OriginRequest.Abandoned"/> says.</summary>
    public CancellationToken Abandoned => _request?.Abandoned ?? CancellationToken.None;

    /// <summary>Name of the address where an earlier try has failed, or null.</summary>
    public string? FailedOrigin => _request?.FailedOrigin;

    /// <summary>
    /// Whether the request may go to another address after this failure. A proxy repeats a request only if its method is idempotent
    /// (RFC 9110 §9.2.2); one for which no connection came to be was never sent, so sending it is no repetition. A body that has begun is
    /// not there any more.
    /// </summary>
    public bool MayGoElsewhere(FetchError failure) => Body is not { HasBegun: true } && failure switch
    {
        FetchError.DnsError or FetchError.ConnectionRefused or FetchError.ConnectionTimeout
            or FetchError.TlsCertificateError or FetchError.TlsProtocolError => true,
        FetchError.ConnectionTerminated or FetchError.HttpResponseTimeout or FetchError.HttpProtocolError =>
            s_idempotentMethods.Contains(_method),
        _ => false,
    };

    /// <summary>The request as it goes to one address.</summary>
    public HttpRequestMessage NewMessage(OriginEndpoint endpoint)
    {
        // The target goes out byte for byte: Uri would otherwise decode %41 and resolve dot segments.
        var uri = new Uri(endpoint.Root + _template.Target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(_method, uri)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = Body,
        };
        foreach (var field in _template.Fields)
        {
            message.Headers.TryAddWithoutValidation(field.Name, field.Value);
        }

        message.Headers.Host = _template.Host ?? endpoint.Host;

        if (Upgrade is not null)
        {
            message.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            message.Headers.TryAddWithoutValidation("Upgrade", Upgrade);
        }

        if (_request is not null)
        {
            AddSelection(message.Headers, _request);
        }

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
