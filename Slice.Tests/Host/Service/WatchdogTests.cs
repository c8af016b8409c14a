using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>The service manager is told only after a look at the process that found it well.</summary>
public sealed class WatchdogTests
{
    private readonly ManualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("30000000", null, 30_000)]
    [InlineData("30000000", "77", 30_000)]
    [InlineData("30000000", "78", null)]
    [InlineData("0", "77", null)]
    [InlineData("soon", "77", null)]
    [InlineData(null, "77", null)]
    public void Interval_is_that_of_this_process(string? microseconds, string? processId, int? milliseconds) => Assert.Equal(
        milliseconds is { } number ? TimeSpan.FromMilliseconds(number) : null,
        Watchdog.IntervalOf(name => name == "WATCHDOG_USEC" ? microseconds : processId, processId: 77));

    [Fact]
    public async Task Process_that_is_well_is_told_twice_in_the_interval()
    {
        int told = 0;
        await using var watchdog = new Watchdog(
            TimeSpan.FromSeconds(30), _ => Task.CompletedTask, () => told++, _time, NullLogger<Watchdog>.Instance, Ct);
        Assert.Equal(1, told);

        // The deadline of the look, which is over, and the wait until the next.
        Assert.Equal(TimeSpan.FromSeconds(5), await _time.RingNextAsync());
        Assert.Equal(TimeSpan.FromSeconds(15), await _time.RingNextAsync());

        await Eventually.TrueAsync(() => told == 2, "the second word");
    }

    [Fact]
    public async Task Process_that_is_stuck_is_not_told_until_it_goes_on()
    {
        using var log = new LogCapture();
        using var loggers = new LoggerFactory([log]);
        int told = 0;
        bool isStuck = true;
        await using var watchdog = new Watchdog(
            TimeSpan.FromSeconds(30),
            ct => Volatile.Read(ref isStuck) ? Task.Delay(Timeout.Infinite, ct) : Task.CompletedTask,
            () => Interlocked.Increment(ref told),
            _time,
            loggers.CreateLogger<Watchdog>(),
            Ct);

        await _time.RingNextAsync();
        await Eventually.TrueAsync(() => log.Lines.Count == 1, "the line");
        Assert.StartsWith("Error watchdog_probe_failed", log.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith("no end within 5 s", log.Lines[0], StringComparison.Ordinal);
        Assert.Equal(0, told);

        Volatile.Write(ref isStuck, false);
        Assert.Equal(TimeSpan.FromSeconds(1), await _time.RingNextAsync());
        await Eventually.TrueAsync(() => Volatile.Read(ref told) == 1, "the word");
    }

    [Fact]
    public async Task Look_that_fails_while_the_process_stops_is_no_fault()
    {
        using var log = new LogCapture();
        using var loggers = new LoggerFactory([log]);
        using var stopping = new CancellationTokenSource();
        var closing = new TaskCompletionSource();
        var watchdog = new Watchdog(
            TimeSpan.FromSeconds(30), _ => closing.Task, () => { }, _time, loggers.CreateLogger<Watchdog>(), stopping.Token);

        await stopping.CancelAsync();
        closing.SetException(new SocketException((int)SocketError.ConnectionRefused));

        await watchdog.DisposeAsync();
        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task Probe_ends_when_its_connection_has_been_accepted_and_not_before()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var port = (IPEndPoint)listener.LocalEndPoint!;
        var probe = new AcceptProbe();

        // The kernel has connected it, and nobody has accepted it.
        Task running = probe.RunAsync(port, Ct);
        using var connected = await listener.AcceptAsync(Ct);
        Assert.False(running.IsCompleted);
        using var client = await RawClient.ConnectAsync(port);
        using var other = await listener.AcceptAsync(Ct);

        Assert.False(probe.Recognizes(other));
        Assert.True(probe.Recognizes(connected));
        await Deadline.WithinAsync(running, "the probe ends");
        Assert.False(probe.Recognizes(connected));
    }
}
