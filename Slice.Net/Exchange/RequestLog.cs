using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Storage;
using Slice.Net.Origin;

namespace Slice.Net.Exchange;

/// <summary>
/// What goes wrong in requests, as log lines and in <c>errors_total</c>: a client's fault at Debug, the origin's at Warning, ours at
/// Error. Thread-safe.
/// </summary>
/// <param name="logger">Where the lines go.</param>
/// <param name="meter">Counts errors.</param>
/// <param name="time">The clock by which repeated lines are summed up.</param>
internal sealed partial class RequestLog(ILogger<RequestLog> logger, SliceMeter meter, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_repeatedLinePeriod = TimeSpan.FromSeconds(1);

    // Pairs of addresses that were logged; an operator who changes them again and again gets no more lines than this. Arbitrary.
    private const int MaxPairs = 1024;

    private readonly RepeatedLines _repeated = new(
        time, (cause, count) => LogRepeated(logger, cause.Level, cause.Event, cause.Address, cause.Reason, count));

    private readonly Lock _lock = new();
    private readonly HashSet<(string, string)> _differing = [];
    private Instant _droppedLinesLoggedAt;
    private Instant _loopLoggedAt;

    /// <summary>The origin kept us from answering a request.</summary>
    public void OriginFailed(HttpExchange exchange, Failure failure)
    {
        string reason = failure.Error.Token();
        meter.Errors.Add(reason);
        bool isOrigins = failure.Error.Side() == FetchErrorSide.Origin;
        if (!logger.IsEnabled(isOrigins ? LogLevel.Warning : LogLevel.Error))
        {
            return;
        }

        string address = failure.Origin ?? exchange.Origin ?? "";
        if (!_repeated.MayWrite(new LineCause(isOrigins ? "origin_failed" : "request_failed", address, reason)))
        {
            return;
        }

        string target = TargetOf(exchange);
        if (isOrigins)
        {
            LogOriginFailed(reason, target, address, failure.Detail, exchange.Client.RequestIdText);
        }
        else
        {
            LogWeFailed(reason, target, address, failure.Detail, exchange.Client.RequestIdText);
        }
    }

    /// <summary>The client has left in the middle of the body of its request.</summary>
    public void UploadCut(HttpExchange exchange)
    {
        if (!logger.IsEnabled(LogLevel.Information))
        {
            return;
        }

        if (_repeated.MayWrite(new LineCause("upload_cut", "", "") { Level = LogLevel.Information }))
        {
            string client = exchange.Client.Address.ToString();
            string id = exchange.Client.RequestIdText;
            string target = TargetOf(exchange);
            LogUploadCut(target, client, id);
        }
    }

    /// <summary>Stored bytes that are not what was stored, or cannot be read: the slice is dropped and fetched again.</summary>
    public void SliceDamaged(Generation generation, StoredSlice slice)
    {
        if (logger.IsEnabled(LogLevel.Error) && _repeated.MayWrite(new LineCause("slice_damaged", "", "")))
        {
            LogSliceDamaged(generation.Key, slice.SliceIndex);
        }
    }

    /// <summary>Sums up what was held back.</summary>
    public void Dispose() => _repeated.Dispose();

    /// <summary>
    /// The origin answered a request of ours with an error, which the client is told unless something stale stands in. A 400 may be of what
    /// the client asks for, so that line is no warning.
    /// </summary>
    public void OriginAnsweredError(HttpExchange exchange, int status, string? address)
    {
        var level = status >= 500 ? LogLevel.Warning : LogLevel.Information;
        if (logger.IsEnabled(level)
            && _repeated.MayWrite(
                new LineCause("origin_error", address ?? "", status.ToString(CultureInfo.InvariantCulture)) { Level = level }))
        {
            string target = TargetOf(exchange);
            string id = exchange.Client.RequestIdText;
            LogOriginError(level, status, target, address, id);
        }
    }

    /// <summary>A fetch failed for good; its followers report their own requests.</summary>
    public void FetchFailed(SliceFetch fetch, Failure failure)
    {
        // A store that takes nothing is passed by and costs nobody a byte; while it lasts, every slice meets it, and the store says so
        // once.
        var level = failure.Error is FetchError.StoreFull or FetchError.StoreWriteError ? LogLevel.Debug : LogLevel.Warning;
        if (logger.IsEnabled(level))
        {
            string reason = failure.Error.Token();
            string address = failure.Origin ?? "";
            if (_repeated.MayWrite(new LineCause("fetch_failed", address, reason) { Level = level }))
            {
                LogFetchFailed(level, reason, fetch.Generation.Key, fetch.SliceIndex, address, failure.Detail, fetch.RequestId);
            }
        }
    }

    /// <summary>Stored bytes could not be read.</summary>
    public void SliceUnreadable(HttpExchange exchange)
    {
        meter.Errors.Add("store_read_error");
        meter.CacheErrors.Add(1);
        if (logger.IsEnabled(LogLevel.Error))
        {
            LogSliceUnreadable(TargetOf(exchange), exchange.Client.RequestIdText);
        }
    }

    /// <summary>A request that is no valid HTTP/1.1.</summary>
    public void Rejected(object? client, int status, string reason)
    {
        meter.Errors.Add("bad_request");
        LogRejected(client, status, reason);
    }

    /// <summary>
    /// Lines of a response head that are no field lines and were left out. At most one line a second: an origin that sends one sends many.
    /// </summary>
    public void LinesDropped(HttpExchange exchange, WireResponse response)
    {
        if (response.Head.DroppedLines == 0)
        {
            return;
        }

        if (MayLog(ref _droppedLinesLoggedAt, exchange.Now))
        {
            LogLinesDropped(
                response.Origin,
                TargetOf(exchange),
                response.Head.DroppedLines,
                Encoding.Latin1.GetString(response.Head.FirstDroppedLine),
                exchange.Client.RequestIdText);
        }
    }

    /// <summary>A request that has passed this instance before. At most one line a second, as a loop has many.</summary>
    public void LoopRefused(HttpExchange exchange)
    {
        meter.Errors.Add("loop");
        if (MayLog(ref _loopLoggedAt, exchange.Now))
        {
            LogLoopRefused(TargetOf(exchange), exchange.Client.RequestIdText);
        }
    }

    /// <summary>An address of the origin begins to rest, or is back. Once for each change.</summary>
    public void OriginHealthChanged(string address, bool isHealthy, Failure failure)
    {
        if (isHealthy)
        {
            LogOriginIsBack(address);
        }
        else if (logger.IsEnabled(LogLevel.Warning))
        {
            LogOriginRests(address, failure.Error.Token(), failure.Detail);
        }
    }

    /// <summary>Two addresses of the origin have different versions of a target. Logged once for each pair.</summary>
    public void VersionsDiffer(string asked, string other, string target)
    {
        lock (_lock)
        {
            if (_differing.Count == MaxPairs || !_differing.Add((asked, other)) || _differing.Contains((other, asked)))
            {
                return;
            }
        }

        int query = target.IndexOf('?', StringComparison.Ordinal);
        LogVersionsDiffer(asked, other, query < 0 ? target : target[..query]);
    }

    /// <summary>Answers to ranges of ours are of no use: the object, or the directory, is asked for as a whole for a while.</summary>
    public void SlicingSuspended(string path, bool isDirectory)
    {
        meter.SlicingSuspended.Add(isDirectory ? "directory" : "object");
        LogSlicingSuspended(path, UnslicedPaths.Remembered.TotalMinutes);
    }

    /// <summary>A connection that did not begin as a trusted balancer's does.</summary>
    public void ProxyProtocolRefused(object? peer, string reason) => LogProxyProtocolRefused(peer, reason);

    /// <summary>An exception nobody expected; the connection is aborted, the process goes on.</summary>
    public void Unexpected(Exception error)
    {
        meter.Errors.Add("internal");
        LogUnexpected(error);
    }

    /// <summary>An exception where bytes of the store are read; they are read again or fetched, the process goes on.</summary>
    public void PageWorkFailed(Exception error)
    {
        meter.Errors.Add("internal");
        LogPageWorkFailed(error);
    }

    private bool MayLog(ref Instant loggedAt, Instant now)
    {
        lock (_lock)
        {
            if (now.Since(loggedAt) < s_repeatedLinePeriod)
            {
                return false;
            }

            loggedAt = now;
            return true;
        }
    }

    private static string TargetOf(HttpExchange exchange) => Encoding.Latin1.GetString(exchange.Head.PathAndQuery);

    [LoggerMessage(EventId = 1, EventName = "origin_failed", Level = LogLevel.Warning,
        Message = "the origin failed a request: {reason} {target} {address} {detail} {request_id}")]
    private partial void LogOriginFailed(string reason, string target, string address, string detail, string request_id);

    [LoggerMessage(EventId = 2, EventName = "request_failed", Level = LogLevel.Error,
        Message = "a request failed: {reason} {target} {address} {detail} {request_id}")]
    private partial void LogWeFailed(string reason, string target, string address, string detail, string request_id);

    [LoggerMessage(EventId = 3, EventName = "fetch_failed", 
        Message = "a slice could not be fetched: {reason} {target} {slice} {address} {detail} {request_id}")]
    private partial void LogFetchFailed(
        LogLevel level, string reason, CacheKey target, int slice, string address, string detail, string request_id);

    [LoggerMessage(EventId = 4, EventName = "slice_unreadable", Level = LogLevel.Error,
        Message = "stored bytes cannot be read, the slice was dropped: {target} {request_id}")]
    private partial void LogSliceUnreadable(string target, string request_id);

    [LoggerMessage(EventId = 5, EventName = "request_rejected", Level = LogLevel.Debug,
        Message = "a request was refused: {client} {status} {reason}")]
    private partial void LogRejected(object? client, int status, string reason);

    [LoggerMessage(EventId = 30, EventName = "origin_rests", Level = LogLevel.Warning,
        Message = "an address of the origin fails and rests: {address} {reason} {detail}")]
    private partial void LogOriginRests(string address, string reason, string detail);

    [LoggerMessage(EventId = 31, EventName = "origin_is_back", Level = LogLevel.Information,
        Message = "an address of the origin answers again: {address}")]
    private partial void LogOriginIsBack(string address);

    [LoggerMessage(EventId = 33, EventName = "slicing_suspended", Level = LogLevel.Warning,
        Message = "the origin's answers to ranges are of no use, and wholes are asked for meanwhile: {path} {minutes}")]
    private partial void LogSlicingSuspended(string path, double minutes);

    [LoggerMessage(EventId = 36, EventName = "origin_versions_differ", Level = LogLevel.Warning,
        Message = "two addresses of the origin have different versions of one object, which then comes from one of them: "
            + "{address} {other} {target}")]
    private partial void LogVersionsDiffer(string address, string other, string target);

    [LoggerMessage(EventId = 34, EventName = "origin_lines_dropped", Level = LogLevel.Warning,
        Message = "lines of a response that are no fields were left out: {address} {target} {count} {first} {request_id}")]
    private partial void LogLinesDropped(string address, string target, int count, string first, string request_id);

    [LoggerMessage(EventId = 35, EventName = "loop_refused", Level = LogLevel.Warning,
        Message = "a request came back to the proxy that sent it; does upstream_address lead here? {target} {request_id}")]
    private partial void LogLoopRefused(string target, string request_id);

    [LoggerMessage(EventId = 37, EventName = "origin_error",
        Message = "the origin answered with an error: {status} {target} {address} {request_id}")]
    private partial void LogOriginError(LogLevel level, int status, string target, string? address, string request_id);

    [LoggerMessage(EventId = 144, EventName = "upload_cut", Level = LogLevel.Information,
        Message = "a client broke its upload off: {target} {client} {request_id}")]
    private partial void LogUploadCut(string target, string client, string request_id);

    [LoggerMessage(EventId = 145, EventName = "slice_damaged", Level = LogLevel.Error,
        Message = "a stored slice is not what was stored, and was dropped; is the disk in order? {target} {slice}")]
    private partial void LogSliceDamaged(CacheKey target, int slice);

    /// <summary>Sums up lines of one cause that were held back.</summary>
    [LoggerMessage(EventId = 146, EventName = "repeated",
        Message = "the same again within a second: {of} {address} {reason} {more}")]
    internal static partial void LogRepeated(ILogger logger, LogLevel level, string of, string address, string reason, long more);

    [LoggerMessage(EventId = 32, EventName = "page_work_failed", Level = LogLevel.Error,
        Message = "an unexpected error while stored bytes were read")]
    private partial void LogPageWorkFailed(Exception error);

    [LoggerMessage(EventId = 7, EventName = "proxy_protocol_refused", Level = LogLevel.Debug,
        Message = "a connection was closed: {peer} {reason}")]
    private partial void LogProxyProtocolRefused(object? peer, string reason);

    [LoggerMessage(EventId = 6, EventName = "internal_error", Level = LogLevel.Error,
        Message = "an unexpected error; the connection was aborted")]
    private partial void LogUnexpected(Exception error);
}
