using System.Text;
using Slice.Net.Exchange;

namespace Slice.Host.Status;

/// <summary>
/// <c>/events</c>: the status once a second, as server-sent events (HTML §9.2), to a bounded number of open pages. An event is made once
/// for all of them, and not at all while there are none. A page that does not take its events is dropped. Thread-safe.
/// </summary>
/// <param name="sources">What is told.</param>
internal sealed class StatusEvents(StatusSources sources)
{
    /// <summary>Most pages at once: a quarter of the connections of the port, so that they never keep scrapers out. Arbitrary.</summary>
    public const int MaxListeners = 16;

    private readonly Lock _lock = new();
    private readonly List<EventListener> _listeners = [];
    private bool _hasEnded;

    /// <summary>Pages that listen.</summary>
    public int ListenerCount
    {
        get
        {
            lock (_lock)
            {
                return _listeners.Count;
            }
        }
    }

    /// <summary>Sends events until the page leaves, is too slow, or the instance stops.</summary>
    public async ValueTask ServeAsync(HttpExchange exchange)
    {
        var listener = new EventListener();
        if (!TryJoin(listener))
        {
            await ErrorResponder.WriteErrorAsync(exchange, 503, "too many status pages are open");
            return;
        }

        try
        {
            // How things are now; the next second may be almost a second away.
            listener.TryAdd(Format());
            await SendAsync(exchange, listener);
        }
        finally
        {
            Leave(listener);
        }
    }

    /// <summary>Tells every page how things are. Called once a second, never twice at once.</summary>
    public void Tell()
    {
        if (ListenerCount == 0)
        {
            return;
        }

        var bytes = Format();
        lock (_lock)
        {
            foreach (var listener in _listeners.Where(listener => !listener.TryAdd(bytes)).ToArray())
            {
                // Its place is free at once.
                _listeners.Remove(listener);
                listener.Drop();
            }
        }
    }

    /// <summary>The instance stops: the pages get what is queued, and no more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            _listeners.ForEach(static listener => listener.End());
        }
    }

    private static async ValueTask SendAsync(HttpExchange exchange, EventListener listener)
    {
        (exchange.KeepAlive, exchange.EndsWithConnection) = (false, true);
        using (var head = StatusResponder.Head(exchange, "text/event-stream", "default-src 'none'", bodyBytes: null))
        {
            await exchange.SendHeadAsync(200, head.Bytes);
        }

        while (!exchange.IsAborted && !exchange.IsHead && await listener.Events.WaitToReadAsync(exchange.ConnectionClosed))
        {
            while (!exchange.IsAborted && !listener.Dropped.IsCompleted && listener.Events.TryRead(out var bytes))
            {
                await SendAsync(exchange, listener, bytes);
            }

            AbortWhenDropped(exchange, listener);
        }

        AbortWhenDropped(exchange, listener);
    }

    // The socket of a page that takes nothing is full: the write ends with the connection, and with nothing else.
    private static async ValueTask SendAsync(HttpExchange exchange, EventListener listener, ReadOnlyMemory<byte> bytes)
    {
        var write = exchange.Writer.WriteAsync(bytes).AsTask();
        await Task.WhenAny(write, listener.Dropped);
        AbortWhenDropped(exchange, listener);
        if (await write != WriteResult.Written)
        {
            exchange.Abort();
        }
    }

    private static void AbortWhenDropped(HttpExchange exchange, EventListener listener)
    {
        if (listener.Dropped.IsCompleted)
        {
            exchange.NoteEnding(ExchangeEnding.ClientTooSlow);
            exchange.Abort();
        }
    }

    private byte[] Format()
    {
        var json = StatusJson.Write(json =>
        {
            StatusJson.WritePart(json, "traffic", part => TrafficPart.Write(part, sources, seconds: 1));
            StatusJson.WritePart(json, "downloads", part => DownloadsPart.Write(part, sources));
            StatusJson.WritePart(json, "cache", part => CachePart.Write(part, sources));
            if (sources.SharedCache is not null)
            {
                StatusJson.WritePart(json, "shared_cache", part => SharedCachePart.Write(part, sources));
            }

            StatusJson.WritePart(json, "origins", part => OriginsPart.Write(part, sources));
            json.WriteNumber("errors", sources.Errors.Count);
        });
        return [.. "event: status\ndata: "u8, .. json.WrittenSpan, .. "\n\n"u8];
    }

    private bool TryJoin(EventListener listener)
    {
        lock (_lock)
        {
            if (_hasEnded || _listeners.Count == MaxListeners)
            {
                return false;
            }

            _listeners.Add(listener);

            // How often a page tries again after its connection has ended, in milliseconds.
            return listener.TryAdd(Encoding.ASCII.GetBytes("retry: 3000\n\n"));
        }
    }

    private void Leave(EventListener listener)
    {
        lock (_lock)
        {
            _listeners.Remove(listener);
        }
    }
}
