using System.Text;
using Microsoft.Extensions.Logging;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Net.Origin;

// The analyzer does not see that each method looks at the level first, by a logger that is a parameter of the constructor.
#pragma warning disable CA1873

namespace Slice.Net.Exchange;

/// <summary>
/// What becomes of each request, step by step, at Debug: all lines of one request have its id. An exchange has a story only while Debug is
/// on, so that a request without one costs a look at a field. Thread-safe.
/// </summary>
internal sealed partial class RequestStory(ILogger<RequestStory> logger)
{
    /// <summary>This story, or null while nobody listens.</summary>
    public RequestStory? IfHeard => logger.IsEnabled(LogLevel.Debug) ? this : null;

    /// <summary>A request has come.</summary>
    public void Began(HttpExchange exchange)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogBegan(
                exchange.Client.RequestIdText,
                exchange.Client.Address.ToString(),
                Encoding.Latin1.GetString(exchange.Head.MethodBytes),
                Encoding.Latin1.GetString(exchange.Head.Target.Bytes),
                Encoding.Latin1.GetString(exchange.Key));
        }
    }

    /// <summary>What is stored under the key of a GET or HEAD, and whether it is used or the origin is asked.</summary>
    public void LookedUp(HttpExchange exchange, Generation? generation, bool isUsed, CacheStatus status)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogLookedUp(
                exchange.Client.RequestIdText,
                generation?.Id,
                generation is null ? "nothing" : isUsed ? status.IsStale ? "used stale" : "used" : "not used",
                TextOf(status.Forward),
                TextOf(status.Detail));
        }
    }

    /// <summary>The client's own request goes to the origin.</summary>
    public void PassedThrough(HttpExchange exchange, CacheStatus status)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogPassedThrough(exchange.Client.RequestIdText, TextOf(status.Forward), TextOf(status.Detail));
        }
    }

    /// <summary>The origin has been asked for an object, by this client or another.</summary>
    public void Fetched(HttpExchange exchange, string result, CacheStatus status)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogFetched(
                exchange.Client.RequestIdText,
                result,
                status.ForwardStatus,
                exchange.Origin,
                status.IsCollapsed,
                status.IsStored,
                TextOf(status.Detail));
        }
    }

    /// <summary>Which slices an answer is made of.</summary>
    public void Planned(HttpExchange exchange, Generation generation, SlicePlan plan, CacheStatus status)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogPlanned(
                exchange.Client.RequestIdText,
                generation.Id,
                plan.FirstSliceIndex,
                plan.Count,
                status.Hits,
                status.IsKept,
                TextOf(status.Detail));
        }
    }

    /// <summary>One address of the origin was asked once.</summary>
    public void OriginTried(OriginTry attempt)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogOriginTried(
                attempt.RequestId,
                attempt.Address,
                attempt.Request,
                attempt.Range,
                attempt.Status,
                Math.Round(attempt.Duration.TotalSeconds, 6),
                attempt.Failure.IsError ? attempt.Failure.Detail : "");
        }
    }

    /// <summary>An exchange has finished.</summary>
    public void Finished(in ExchangeRecord record)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogFinished(
                record.Client.RequestIdText,
                record.Status,
                record.BodyBytes,
                Encoding.ASCII.GetString(record.CacheResult == CacheResult.None ? "-"u8 : CacheStatus.XCacheOf(record.CacheResult)),
                TextOf(record.CacheDetail),
                record.SlicesHit,
                record.SlicesFetched,
                record.Origin,
                Math.Round(record.Duration?.TotalSeconds ?? 0, 6),
                Encoding.ASCII.GetString(record.Ending.Token()));
        }
    }

    /// <summary>At Trace: a connection of a client begins or ends.</summary>
    public void ConnectionChanged(object? peer, bool isOpen)
    {
        if (logger.IsEnabled(LogLevel.Trace))
        {
            LogConnection(peer, isOpen);
        }
    }

    /// <summary>At Trace: a slice has been sent to a client.</summary>
    public void SliceSent(HttpExchange exchange, Generation generation, SlicePart part, bool isHit)
    {
        if (logger.IsEnabled(LogLevel.Trace))
        {
            LogSlice(exchange.Client.RequestIdText, generation.Id, part.SliceIndex, part.SkipBytes, part.TakeBytes, isHit);
        }
    }

    private static string TextOf(ForwardReason reason) => reason switch
    {
        ForwardReason.None => "",
        ForwardReason.UriMiss => "uri-miss",
        ForwardReason.VaryMiss => "vary-miss",
        _ => reason.ToString().ToLowerInvariant(),
    };

    private static string TextOf(CacheDetail detail) => Encoding.ASCII.GetString(detail.Token());

    [LoggerMessage(EventId = 150, EventName = "request", Level = LogLevel.Debug,
        Message = "a request: {request_id} {client} {method} {target} {key}")]
    private partial void LogBegan(string request_id, string client, string method, string target, string key);

    [LoggerMessage(EventId = 151, EventName = "looked_up", Level = LogLevel.Debug,
        Message = "what is stored: {request_id} {generation} {result} {forward} {reason}")]
    private partial void LogLookedUp(string request_id, uint? generation, string result, string forward, string reason);

    [LoggerMessage(EventId = 152, EventName = "passed_through", Level = LogLevel.Debug,
        Message = "the client's own request goes to the origin: {request_id} {forward} {reason}")]
    private partial void LogPassedThrough(string request_id, string forward, string reason);

    [LoggerMessage(EventId = 153, EventName = "fetched", Level = LogLevel.Debug,
        Message = "the origin was asked for the object: {request_id} {result} {status} {address} {collapsed} {stored} {reason}")]
    private partial void LogFetched(
        string request_id, string result, int status, string? address, bool collapsed, bool stored, string reason);

    [LoggerMessage(EventId = 154, EventName = "planned", Level = LogLevel.Debug,
        Message = "the slices of the answer: {request_id} {generation} {first} {slices} {hits} {kept} {reason}")]
    private partial void LogPlanned(string request_id, uint generation, int first, int slices, int hits, bool kept, string reason);

    [LoggerMessage(EventId = 155, EventName = "origin_tried", Level = LogLevel.Debug,
        Message = "a try at the origin: {request_id} {address} {request} {range} {status} {seconds} {detail}")]
    private partial void LogOriginTried(
        string request_id, string address, string request, string range, int status, double seconds, string detail);

    [LoggerMessage(EventId = 156, EventName = "answered", Level = LogLevel.Debug,
        Message = "the end: {request_id} {status} {bytes} {cache} {reason} {hits} {fetched} {origin} {seconds} {ending}")]
    private partial void LogFinished(
        string request_id, int status, long bytes, string cache, string reason, int hits, int fetched, string? origin, double seconds,
        string ending);

    [LoggerMessage(EventId = 157, EventName = "connection", Level = LogLevel.Trace, Message = "a connection of a client: {peer} {open}")]
    private partial void LogConnection(object? peer, bool open);

    [LoggerMessage(EventId = 158, EventName = "slice_sent", Level = LogLevel.Trace,
        Message = "a slice was sent: {request_id} {generation} {slice} {skip} {bytes} {hit}")]
    private partial void LogSlice(string request_id, uint generation, int slice, int skip, int bytes, bool hit);
}
