using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>A manager that does not read holds nobody up, hears the words again for a while, and the log tells of it once.</summary>
public sealed class ServiceManagerTests : IAsyncLifetime
{
    private const string Failed = "Warning notify_failed";
    private const string Works = "Information notify_works";

    private readonly NotifyQueue _queue = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture _log = new();
    private readonly LoggerFactory _loggers;
    private readonly ServiceManager _manager;

    public ServiceManagerTests()
    {
        _loggers = new LoggerFactory([_log]);
        _manager = new ServiceManager(_loggers, _queue.Address, _time);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        _queue.Dispose();
        _loggers.Dispose();
        _log.Dispose();
    }

    private int Count(string line) => _log.Lines.Count(logged => logged.StartsWith(line, StringComparison.Ordinal));

    private void Pass(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromMilliseconds(100))
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
    }

    [Fact]
    public void Word_that_the_manager_does_not_read_is_said_again_in_its_order()
    {
        _queue.Fill();
        _manager.TellReady();
        _manager.TellStatus("busy");
        _manager.TellStopping();
        Pass(TimeSpan.FromSeconds(4));
        Assert.Empty(_queue.ReadAll());

        Pass(TimeSpan.FromMilliseconds(100));

        Assert.Equal(["READY=1", "STATUS=busy", "STOPPING=1"], _queue.ReadAll());
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Manager_that_reads_nothing_for_long_is_one_line_and_another_when_it_reads()
    {
        _queue.Fill();
        for (int words = 0; words < 100; words++)
        {
            _manager.TellAlive();
            Pass(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((1, 0), (Count(Failed), Count(Works)));
        _queue.ReadAll();
        Pass(TimeSpan.FromSeconds(5));
        _manager.TellReady();
        Assert.Equal("READY=1", _queue.ReadAll()[^1]);
        Assert.Equal((1, 1), (Count(Failed), Count(Works)));
    }

    [Fact]
    public void Last_words_of_many_are_those_that_stay()
    {
        _queue.Fill();
        for (int reloads = 0; reloads < 50; reloads++)
        {
            _manager.TellReloading();
            _manager.TellReady();
        }

        // The queue of the kernel may be shorter than what waits.
        List<string> told = [];
        for (int reads = 0; reads < 20; reads++)
        {
            told.AddRange(_queue.ReadAll());
            Pass(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(told.Count, 1, 16);
        Assert.Equal("READY=1", told[^1]);
    }

    [Fact]
    public void New_main_process_is_told_without_a_limit_and_is_the_last_word()
    {
        _queue.Fill();
        _manager.TellMainProcess(4711);
        _manager.TellStopping();
        Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(1, Count(Failed));
        _queue.ReadAll();

        Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(["MAINPID=4711"], _queue.ReadAll());
    }

    [Fact]
    public void Process_that_stays_the_main_one_goes_on_to_speak()
    {
        _manager.TellMainProcess(4711);
        _manager.TellMainProcess(Environment.ProcessId);
        _manager.TellStopping();

        string own = string.Create(CultureInfo.InvariantCulture, $"MAINPID={Environment.ProcessId}");
        Assert.Equal(["MAINPID=4711", own, "STOPPING=1"], _queue.ReadAll());
    }

    [Fact]
    public async Task End_waits_a_few_seconds_for_the_word_of_the_new_main_process()
    {
        _queue.Fill();
        _manager.TellMainProcess(4711);
        Task end = _manager.DisposeAsync().AsTask();
        Pass(TimeSpan.FromSeconds(4));
        Assert.False(end.IsCompleted);
        _queue.ReadAll();

        Pass(TimeSpan.FromMilliseconds(100));

        await Deadline.WithinAsync(end, "the end");
        Assert.Equal(["MAINPID=4711"], _queue.ReadAll());
    }

    [Fact]
    public async Task End_waits_no_longer_than_that_and_for_no_other_word()
    {
        _queue.Fill();
        await using (var other = new ServiceManager(_loggers, _queue.Address, _time))
        {
            other.TellStopping();
        }

        _manager.TellMainProcess(4711);
        Task end = _manager.DisposeAsync().AsTask();
        Pass(TimeSpan.FromSeconds(5));
        await Deadline.WithinAsync(end, "the end");
        _manager.TellReady();
    }

    [Theory]
    [InlineData("notify")]
    [InlineData("vsock:2:9999")]
    [InlineData("/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789")]
    public async Task Address_that_no_datagram_can_go_to_is_one_line(string address)
    {
        await using var manager = new ServiceManager(_loggers, address, _time);
        manager.TellReady();
        manager.TellStopping();
        Assert.False(manager.Listens);
        Assert.Equal(1, Count(Failed));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Without_an_address_nobody_is_told(string? address)
    {
        await using var manager = new ServiceManager(_loggers, address, _time);
        manager.TellReady();
        Assert.False(manager.Listens);
        Assert.Empty(_log.Lines);
    }
}
