using Microsoft.Extensions.Logging;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Exchange;

/// <summary>What is cut off when an instance stops has a line each, up to a screen of them, and is counted.</summary>
public sealed class ShutdownCutsTests : IDisposable
{
    private readonly LogCapture _log = new();
    private readonly LoggerFactory _loggers;
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly ShutdownCuts _cuts;

    public ShutdownCutsTests()
    {
        _loggers = new LoggerFactory([_log]);
        _cuts = new ShutdownCuts(new ExchangeMetrics(_meter), _meter, _loggers.CreateLogger<ShutdownCuts>());
    }

    public void Dispose()
    {
        _loggers.Dispose();
        _log.Dispose();
        _meter.Dispose();
    }

    private void Finish(ExchangeEnding ending)
    {
        _cuts.Began();
        _cuts.Finished(new ExchangeRecord
        {
            Client = new ExchangeClient(null, isTls: false, new RequestHead()),
            Method = "GET"u8,
            Target = "/file"u8,
            Status = 200,
            BodyBytes = 7,
            Ending = ending,
        });
    }

    [Theory]
    [InlineData(ExchangeEnding.ClientLeft, false, 0)]
    [InlineData(ExchangeEnding.Complete, true, 0)]
    [InlineData(ExchangeEnding.Refused, true, 0)]
    [InlineData(ExchangeEnding.ClientLeft, true, 1)]
    [InlineData(ExchangeEnding.OriginFailed, true, 1)]
    [InlineData(ExchangeEnding.Failed, true, 1)]
    [Trait("Behaviour", "B67")]
    internal void Exchange_without_its_end_counts_once_the_time_is_over(ExchangeEnding ending, bool isOver, int expected)
    {
        if (isOver)
        {
            _cuts.Begin();
        }

        Finish(ending);

        Assert.Equal((expected, expected), (_cuts.Count, _meter.CutRequests.Value));
        Assert.Equal(
            expected == 0 ? [] : ["Warning cut_off timeouts.shutdown is over, a response was cut off: GET /file  7 "],
            _log.Lines.Select(line => line[..(line.IndexOf(" 7 ", StringComparison.Ordinal) + 3)]));
        Assert.Equal((1, 0), (_meter.Requests, _meter.ActiveRequests.Value));
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public void Many_have_one_line_together()
    {
        _cuts.Begin();
        for (int exchange = 0; exchange < ShutdownCuts.MaxLines + 5; exchange++)
        {
            Finish(ExchangeEnding.ClientLeft);
        }

        _cuts.End();

        Assert.Equal(ShutdownCuts.MaxLines + 1, _log.Lines.Count);
        Assert.Equal("Warning cut_off_more timeouts.shutdown is over, more responses were cut off: 5", _log.Lines[^1]);
    }
}
