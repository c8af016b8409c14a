using System.Text.Json;
using Slice.Core.Http;
using Slice.Net.Exchange;
using Slice.Net.Handlers;

namespace Slice.Host.Status;

/// <summary>
/// The page for people on the metrics port: <c>/</c>, <c>/events</c> and <c>/api/</c>, see docs/status-page.md. Thread-safe.
/// </summary>
internal sealed class StatusPage : IDisposable
{
    private readonly PageDocument _document = new();
    private readonly StatusSources _sources;
    private readonly SearchDesk _search;
    private readonly PurgeHandler _purge;

    /// <summary>A page over what it shows.</summary>
    public StatusPage(StatusSources sources, SearchDesk search, PurgeHandler purge)
    {
        (_sources, _search, _purge) = (sources, search, purge);
        Events = new StatusEvents(sources);
        sources.Traffic.Ticked = Events.Tell;
    }

    /// <summary>The open pages.</summary>
    public StatusEvents Events { get; }

    /// <summary>Whether the page answers at this path.</summary>
    public static bool Owns(ReadOnlySpan<byte> path) =>
        path.SequenceEqual("/"u8) || path.SequenceEqual("/events"u8) || path.StartsWith("/api/"u8);

    /// <summary>Answers a request for a path that the page owns.</summary>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        var path = exchange.Head.Target.Path;
        if (!PageAccess.IsKnownHost(exchange.Head.Host, exchange.Settings.Options.MetricsEndpoint.HostNames))
        {
            // RFC 9110 §15.5.20: the connection is for another host than the one that is asked for.
            return ErrorResponder.WriteErrorAsync(
                exchange, 421, "ask by an address, localhost, this machine's name, or a name of metrics_endpoint.host_names");
        }

        if (path.SequenceEqual("/api/purge"u8))
        {
            return PurgeAsync(exchange);
        }

        if (exchange.Head.Method is not (RequestMethod.Get or RequestMethod.Head))
        {
            exchange.KeepAlive &= exchange.Body.IsConsumed;
            return ErrorResponder.WriteErrorAsync(exchange, 405, "only GET and HEAD are answered here");
        }

        if (path.SequenceEqual("/"u8))
        {
            return StatusResponder.WriteAsync(exchange, "text/html; charset=utf-8", _document.Policy, _document.Bytes);
        }

        return PageAccess.MayRead(exchange.Head.Fields)
            ? ReadAsync(exchange, path)
            : ErrorResponder.WriteErrorAsync(exchange, 403, "not for pages of others");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Events.End();
        _search.Dispose();
    }

    private ValueTask ReadAsync(HttpExchange exchange, ReadOnlySpan<byte> path) => path switch
    {
        _ when path.SequenceEqual("/events"u8) => Events.ServeAsync(exchange),
        _ when path.SequenceEqual("/api/objects"u8) => _search.ServeAsync(exchange, _sources),
        _ when path.SequenceEqual("/api/traffic"u8) =>
            WriteAsync(exchange, json => TrafficPart.Write(json, _sources, TrafficHistory.Seconds)),
        _ when path.SequenceEqual("/api/downloads"u8) => WriteAsync(exchange, json => DownloadsPart.Write(json, _sources)),
        _ when path.SequenceEqual("/api/cache"u8) => WriteAsync(exchange, json => CachePart.Write(json, _sources)),
        _ when path.SequenceEqual("/api/shared_cache"u8) => WriteAsync(exchange, json => SharedCachePart.Write(json, _sources)),
        _ when path.SequenceEqual("/api/origins"u8) => WriteAsync(exchange, json => OriginsPart.Write(json, _sources)),
        _ when path.SequenceEqual("/api/errors"u8) => WriteAsync(exchange, json => ErrorsPart.Write(json, _sources)),
        _ when path.SequenceEqual("/api/configuration"u8) => WriteAsync(exchange, json => ConfigurationPart.Write(json, _sources)),
        _ => ErrorResponder.WriteErrorAsync(
            exchange, 404, "here are traffic, downloads, cache, shared_cache, origins, errors, configuration, objects and purge"),
    };

    private static ValueTask WriteAsync(HttpExchange exchange, Action<Utf8JsonWriter> writeMembers) =>
        StatusResponder.WriteJsonAsync(exchange, StatusJson.Write(writeMembers).WrittenMemory);

    private ValueTask PurgeAsync(HttpExchange exchange)
    {
        exchange.KeepAlive &= exchange.Body.IsConsumed;
        if (exchange.Head.Method != RequestMethod.Post)
        {
            return ErrorResponder.WriteErrorAsync(exchange, 405, "a purge is a POST");
        }

        if (!PageAccess.MayChange(exchange.Head.Fields, exchange.Head.Host))
        {
            return ErrorResponder.WriteErrorAsync(exchange, 403, "only for the status page, with X-Status-Page: 1");
        }

        string? id = QueryText.ArgumentOf(exchange.Head.Target.PathAndQuery, "id");
        return id is not null && ObjectsPart.KeyOf(id) is { } key
            ? _purge.HandleAsync(exchange, key)
            : ErrorResponder.WriteErrorAsync(exchange, 400, "id names no object: take it from /api/objects");
    }
}
