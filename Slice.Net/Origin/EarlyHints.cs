using Slice.Net.Exchange;

namespace Slice.Net.Origin;

/// <summary>
/// Passes Early Hints (RFC 8297) of the origin on to the one client for whom a request is made, while that client waits for its response
/// head. Requests made in the flow that called <see cref="Listen"/> find it by themselves. Thread-safe.
/// </summary>
/// <remarks>
/// Hints arrive on the pool's reader, the response head is written by the handler: disposing waits for a hint that is being written, and
/// after it none is. Hints are for this client alone: they are never stored and reach nobody who shares the answer.
/// </remarks>
internal sealed class EarlyHints : IAsyncDisposable
{
    private static readonly AsyncLocal<EarlyHints?> s_current = new();

    private readonly SemaphoreSlim _turn = new(1, 1);
    private HttpExchange? _exchange;

    private EarlyHints(HttpExchange exchange) => _exchange = exchange;

    /// <summary>Who listens in this flow, or null.</summary>
    public static EarlyHints? Current => s_current.Value is { IsOpen: true } hints ? hints : null;

    /// <summary>Whether hints still go to the client.</summary>
    public bool IsOpen => Volatile.Read(ref _exchange) is not null;

    /// <summary>
    /// Begins to listen on behalf of the client, for the calling method and what it calls. Null when its client must not get any: HTTP/1.0 knows
    /// no interim responses, and while a request body is read the writer is not ours alone.
    /// </summary>
    public static EarlyHints? Listen(HttpExchange exchange)
    {
        var hints = exchange.Head.MinorVersion == 1 && !exchange.Head.HasBody ? new EarlyHints(exchange) : null;
        s_current.Value = hints;
        return hints;
    }

    /// <summary>Sends a head of status 103, if the client still waits.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> head)
    {
        await _turn.WaitAsync();
        try
        {
            if (_exchange is { } exchange)
            {
                // A client that is gone is noticed by whoever writes the response.
                await exchange.Writer.WriteAsync(head);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends listening. The writer is the caller's alone afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        Volatile.Write(ref _exchange, null);
        _turn.Release();
    }
}
