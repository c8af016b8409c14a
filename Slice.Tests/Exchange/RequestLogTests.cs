using Microsoft.Extensions.Logging.Abstractions;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Tests.Exchange;

/// <summary>A line that is off costs nothing: what it would say is not even looked at.</summary>
public sealed class RequestLogTests : IDisposable
{
    private readonly SliceMeter _meter = new(TimeProvider.System);

    public void Dispose() => _meter.Dispose();

    [Theory]
    [InlineData(FetchError.ConnectionRefused)]
    [InlineData(FetchError.ProxyInternalError)]
    public void Failure_that_is_not_logged_is_counted_and_makes_no_text(FetchError error)
    {
        using var log = new RequestLog(NullLogger<RequestLog>.Instance, _meter, TimeProvider.System);

        log.OriginFailed(exchange: null!, new Failure(error));

        Assert.Equal([KeyValuePair.Create(error.Token(), 1L)], _meter.Errors.Read());
    }

    [Fact]
    public void Unreadable_slice_that_is_not_logged_is_counted_and_makes_no_text()
    {
        using var log = new RequestLog(NullLogger<RequestLog>.Instance, _meter, TimeProvider.System);

        log.SliceUnreadable(exchange: null!);

        Assert.Equal(1, _meter.CacheErrors.Value);
    }

    [Fact]
    public void Failed_fetch_that_is_not_logged_makes_no_text()
    {
        using var log = new RequestLog(NullLogger<RequestLog>.Instance, _meter, TimeProvider.System);

        log.FetchFailed(fetch: null!, new Failure(FetchError.ConnectionRefused));
    }
}
