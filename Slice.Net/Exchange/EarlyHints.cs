using System.Collections.Immutable;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Net.Exchange;

/// <summary>
/// Passes Early Hints (RFC 8297) of the origin on to one client while that client waits for its response head. Thread-safe.
/// </summary>
/// <remarks>
/// Hints arrive on the pool's reader, the response head is written by the handler. Both use the client's writer, so they take turns:
/// disposing waits for a hint that is being written, and after it none is.
/// </remarks>
internal sealed class EarlyHints : IInterimResponseSink, IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private HttpExchange? _exchange;

    private EarlyHints(HttpExchange exchange) => _exchange = exchange;

    /// <inheritdoc/>
    public bool IsOpen => Volatile.Read(ref _exchange) is not null;

    /// <summary>
    /// The client's ear, until it is disposed. Null when the client must not get any: HTTP/1.0 knows no interim responses, and while a
    /// request body is read the writer is not ours alone.
    /// </summary>
    public static EarlyHints? Listen(HttpExchange exchange) =>
        exchange.Head.MinorVersion == 1 && !exchange.Head.HasBody ? new EarlyHints(exchange) : null;

    /// <inheritdoc/>
    public async ValueTask SendEarlyHintsAsync(ImmutableArray<ForwardedField> fields)
    {
        await _turn.WaitAsync();
        try
        {
            if (_exchange is { } exchange)
            {
                // A client that is gone is noticed by whoever writes the response.
                using var head = Format(fields);
                await exchange.Writer.WriteAsync(head.Bytes);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    // Hints of fields that belong to one connection, or that we state ourselves, are none (RFC 8297 §2).
    private static RentedHead Format(ImmutableArray<ForwardedField> fields)
    {
        var head = new ResponseHeadBuilder(103, ResponseHeadBuilder.BytesOf(fields));
        foreach (var field in fields)
        {
            if (StoredFields.IsForwarded(field.Name, fields.AsSpan()))
            {
                head.WriteForwarded(field);
            }
        }

        return head.End();
    }

    /// <summary>Ends listening. The writer is the caller's alone afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        Volatile.Write(ref _exchange, null);
        _turn.Release();
    }
}
