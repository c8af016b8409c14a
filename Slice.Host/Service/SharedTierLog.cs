using Microsoft.Extensions.Logging;
using Slice.Core.SharedCache;
using Slice.Net.Handlers;

namespace Slice.Host.Service;

/// <summary>The shared tier, as log lines: one for each change of its state. Thread-safe.</summary>
internal sealed partial class SharedTierLog(ILogger<SharedTierLog> logger, string store)
{
    /// <summary>The store is down, with the reason, or up, with null.</summary>
    public void StateChanged(string? reason)
    {
        if (reason is null)
        {
            LogUp(store);
        }
        else
        {
            LogDown(store, reason);
        }
    }

    /// <summary>The store refuses what it is given, with the reason, or takes everything again, with null.</summary>
    public void WritesChanged(string? reason)
    {
        if (reason is null)
        {
            LogWrites(store);
        }
        else
        {
            LogNoWrites(store, reason);
        }
    }

    /// <summary>The store does not give what it has, with the reason, or gives everything again, with null.</summary>
    public void ReadsChanged(string? reason)
    {
        if (reason is null)
        {
            LogReads(store);
        }
        else
        {
            LogNoReads(store, reason);
        }
    }

    /// <summary>One of several servers is away, with the reason, or back, with null.</summary>
    public void ServerChanged(string server, string? reason)
    {
        if (reason is null)
        {
            LogServerUp(server);
        }
        else
        {
            LogServerDown(server, reason);
        }
    }

    /// <summary>News of other instances were lost.</summary>
    public void NewsLost(string reason) => LogNewsLost(store, reason);

    /// <summary>Another instance was told to PURGE, and this one has done the same.</summary>
    public void PurgeHeard(HeardPurge heard)
    {
        if (logger.IsEnabled(LogLevel.Information))
        {
            string scope = PurgeLog.ScopeOf(heard.Scope);
            LogPurgeHeard(scope, heard.Target, heard.IsSoft, heard.Slices, heard.From);
        }
    }

    [LoggerMessage(EventId = 200, EventName = "shared_cache_up", Level = LogLevel.Information,
        Message = "the shared cache is in use: {store}")]
    private partial void LogUp(string store);

    [LoggerMessage(EventId = 201, EventName = "shared_cache_down", Level = LogLevel.Warning,
        Message = "the shared cache is not in use for the time being; what is not cached here comes from the origin: {store} {reason}")]
    private partial void LogDown(string store, string reason);

    [LoggerMessage(EventId = 203, EventName = "shared_cache_refuses", Level = LogLevel.Warning,
        Message = "the shared cache refuses some of what it is given, which is not shared: {store} {reason}")]
    private partial void LogNoWrites(string store, string reason);

    [LoggerMessage(EventId = 204, EventName = "shared_cache_takes", Level = LogLevel.Information,
        Message = "the shared cache takes what it is given again: {store}")]
    private partial void LogWrites(string store);

    [LoggerMessage(EventId = 202, EventName = "shared_cache_news_lost", Level = LogLevel.Warning,
        Message = "what other instances changed or removed may be lost, as where the shared cache was emptied or has too little memory; "
            + "all that is cached here is validated: {store} {reason}")]
    private partial void LogNewsLost(string store, string reason);

    [LoggerMessage(EventId = 209, EventName = "purge_heard", Level = LogLevel.Information,
        Message = "a PURGE that another instance was told was made here: {scope} {target} {soft} {slices} {from}")]
    private partial void LogPurgeHeard(string scope, string target, bool soft, long slices, string from);

    [LoggerMessage(EventId = 205, EventName = "shared_cache_server_up", Level = LogLevel.Information,
        Message = "a server of the shared cache is there again: {server}")]
    private partial void LogServerUp(string server);

    [LoggerMessage(EventId = 206, EventName = "shared_cache_server_down", Level = LogLevel.Warning,
        Message = "a server of the shared cache is away; what belongs there is not shared: {server} {reason}")]
    private partial void LogServerDown(string server, string reason);

    [LoggerMessage(EventId = 207, EventName = "shared_cache_reads_fail", Level = LogLevel.Warning,
        Message = "the shared cache has what cannot be read; each instance asks the origin for it: {store} {reason}")]
    private partial void LogNoReads(string store, string reason);

    [LoggerMessage(EventId = 208, EventName = "shared_cache_reads_work", Level = LogLevel.Information,
        Message = "what the shared cache has can be read again: {store}")]
    private partial void LogReads(string store);
}
