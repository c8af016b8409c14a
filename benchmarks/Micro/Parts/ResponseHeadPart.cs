using Slice.Core.Caching;
using Slice.Core.Ranges;
using Slice.Net.Exchange;
using Slice.Net.Handlers;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>The head of a hit: stored lines, Content-Range, Age, Cache-Status and the others of ours, in rented memory.</summary>
internal sealed class ResponseHeadPart : IHotPathPart, IDisposable
{
    private readonly WarmInstance _instance = new();
    private readonly UnusedConnection _connection = new();
    private readonly HttpExchange _exchange;

    public ResponseHeadPart()
    {
        _exchange = new HttpExchange(
            _connection, RequestHeadPart.Parse(WarmInstance.Target, RequestHeadPart.FieldsOf("curl")), TimeProvider.System);
        _exchange.StartRequest(_instance.Composition.Settings.Current, mayKeepAlive: true);
    }

    /// <inheritdoc/>
    public void Run()
    {
        using var head = SlicedResponse.Create(
            _exchange,
            _instance.Generation.Response,
            new ByteRange(1000, 1000 + HitPart.RangeBytes),
            new CacheStatus { Hits = 1, Slices = 1, IsKept = true },
            _exchange.Now);
        if (!head.Bytes.Span.StartsWith("HTTP/1.1 206 "u8))
        {
            throw new InvalidOperationException("The head is not that of a part.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _exchange.Release();
        _connection.Dispose();
        _instance.Dispose();
    }
}
