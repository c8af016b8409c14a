using Microsoft.Extensions.Logging;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>However many ports wait for descriptors, and however often: one line when it begins and one when it is over.</summary>
public sealed class DescriptorWatchTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly LogCapture _log = new();
    private readonly LoggerFactory _loggers;
    private readonly DescriptorWatch _watch;

    public DescriptorWatchTests()
    {
        _loggers = new LoggerFactory([_log]);
        _watch = new DescriptorWatch(_loggers.CreateLogger<DescriptorWatch>(), _time);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private int Begins => _log.Lines.Count(line => line.StartsWith("Warning descriptors_short", StringComparison.Ordinal));

    private int Ends => _log.Lines.Count(line => line.StartsWith("Information descriptors_free", StringComparison.Ordinal));

    public void Dispose()
    {
        _watch.Dispose();
        _loggers.Dispose();
        _log.Dispose();
    }

    private async Task PauseAsync(string port)
    {
        var pause = _watch.PauseAsync(port, Ct);
        Assert.False(pause.IsCompleted);
        _time.Advance(DescriptorWatch.Pause);
        await pause;
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public async Task Waits_of_two_ports_are_one_line_that_names_the_first()
    {
        var first = _watch.PauseAsync("listen_address", Ct);
        var second = _watch.PauseAsync("tls.listen_address", Ct);
        _time.Advance(DescriptorWatch.Pause);
        await Task.WhenAll(first, second);
        await PauseAsync("listen_address");

        string line = Assert.Single(_log.Lines);
        Assert.Contains("new connections wait", line, StringComparison.Ordinal);
        Assert.Contains(": listen_address ", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public async Task It_is_over_when_no_port_has_waited_for_a_while()
    {
        await PauseAsync("listen_address");
        _time.Advance(DescriptorWatch.Calm - TimeSpan.FromTicks(1));
        Assert.Equal(0, Ends);

        await PauseAsync("listen_address");
        _time.Advance(DescriptorWatch.Calm - TimeSpan.FromTicks(1));
        Assert.Equal((1, 0), (Begins, Ends));

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((1, 1), (Begins, Ends));
        Assert.EndsWith("seconds=20", _log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Next_time_is_told_again()
    {
        await PauseAsync("listen_address");
        _time.Advance(DescriptorWatch.Calm);
        await PauseAsync("metrics_endpoint.address");

        Assert.Equal((2, 1), (Begins, Ends));
    }

    [Fact]
    public async Task Wait_for_another_reason_is_as_long_by_the_clock_and_is_not_told()
    {
        var rest = _watch.RestAsync(Ct);
        _time.Advance(DescriptorWatch.Pause - TimeSpan.FromTicks(1));
        Assert.False(rest.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        await rest;

        Assert.False(_watch.IsShort);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Wait_that_is_ended_counts_no_longer()
    {
        using var unbound = new CancellationTokenSource();
        var pause = _watch.PauseAsync("listen_address", unbound.Token);
        await unbound.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pause);

        _time.Advance(DescriptorWatch.Calm);
        Assert.Equal(1, Ends);
    }
}
