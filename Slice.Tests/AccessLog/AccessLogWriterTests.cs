using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Net.AccessLog;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>The queue and the thread of the access log, over a target that a test holds.</summary>
public sealed class AccessLogWriterTests : IDisposable
{
    private readonly LogCapture _log = new();
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly HeldTarget _target = new();
    private readonly AccessLogWriter _writer;
    private readonly ILoggerFactory _loggers;

    public AccessLogWriterTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        _writer = new AccessLogWriter(_loggers.CreateLogger<AccessLogWriter>(), _meter, TimeProvider.System, _ => _target);
    }

    public void Dispose()
    {
        _target.Gate.Set();
        _writer.Dispose();
        _loggers.Dispose();
        _meter.Dispose();
        _target.Gate.Dispose();
    }

    [Fact]
    public async Task Lines_come_in_order_and_in_batches()
    {
        Configure("{bytes}");
        for (int line = 0; line < 1000; line++)
        {
            Write(line);
        }

        await Eventually.TrueAsync(() => _target.Text.EndsWith("\n999\n", StringComparison.Ordinal), "the last line");
        Assert.Equal(string.Concat(Enumerable.Range(0, 1000).Select(line => $"{line}\n")), _target.Text);
        Assert.InRange(_target.Writes, 1, 100);
        Assert.Equal(0, _meter.AccessLogDropped.Value);
    }

    [Fact]
    public async Task Log_that_is_off_takes_nothing_and_makes_no_thread()
    {
        Write(1);
        _writer.Configure(new AccessLogOptions { Path = "x", Format = "{bytes}" });
        Write(2);
        await Eventually.TrueAsync(() => _target.Text == "2\n", () => _target.Text);
        _writer.Configure(new AccessLogOptions());
        Write(3);
        _writer.Dispose();
        Assert.Equal("2\n", _target.Text);
    }

    [Fact]
    public async Task Target_that_takes_nothing_costs_lines_which_are_counted_and_said_once()
    {
        _target.Gate.Reset();
        Configure("{bytes}" + new string('x', 2000));
        int written = 0;
        while (_meter.AccessLogDropped.Value < 10)
        {
            Write(written++);
        }

        // Two buffers at most: one that the thread holds, and one that is full.
        Assert.InRange(written, 2 * LineQueue.Capacity / 2010 / 2, (2 * LineQueue.Capacity / 2000) + 20);
        await Eventually.TrueAsync(() => _log.Lines.Any(line => line.StartsWith("Warning access_log_drops ", StringComparison.Ordinal)),
            "a line that says so");
        _target.Gate.Set();
        await Eventually.TrueAsync(
            () =>
            {
                Write(written++);
                return _log.Lines.Any(line => line.StartsWith("Warning access_log_drops_over ", StringComparison.Ordinal));
            },
            "a line that says that it is over");

        Assert.Single(_log.Lines, line => line.StartsWith("Warning access_log_drops ", StringComparison.Ordinal));
        string over = Assert.Single(_log.Lines, line => line.StartsWith("Warning access_log_drops_over ", StringComparison.Ordinal));
        Assert.EndsWith($" {_meter.AccessLogDropped.Value}", over, StringComparison.Ordinal);
        _writer.Dispose();
        Assert.Equal(written - _meter.AccessLogDropped.Value, _target.Text.Count(character => character == '\n'));
    }

    [Fact]
    public async Task Target_that_fails_is_said_once_tried_again_and_loses_nothing_that_has_room()
    {
        _target.Problem = "No space left on device";
        Configure("{bytes}");
        Write(1);
        await Eventually.TrueAsync(() => _meter.Errors.Read().Any(pair => pair is { Key: "access_log", Value: >= 2 }), "two failures");
        Write(2);
        _target.Problem = null;

        await Eventually.TrueAsync(() => _target.Text == "1\n2\n", () => _target.Text);
        Assert.Single(_log.Lines, line => line.StartsWith("Error access_log_failed", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => _log.Lines.Any(line => line.Contains("access_log_works", StringComparison.Ordinal)), "it works");
        Assert.Equal(0, _meter.AccessLogDropped.Value);
    }

    [Fact]
    public void End_writes_what_is_queued()
    {
        Configure("{bytes}");
        Write(7);

        _writer.Dispose();

        Assert.Equal("7\n", _target.Text);
        Assert.True(_target.IsDisposed);
    }

    [Fact]
    public void End_does_not_wait_for_a_target_that_fails()
    {
        _target.Problem = "Stale file handle";
        Configure("{bytes}");
        Write(7);

        _writer.Dispose();

        Assert.Equal(1, _meter.AccessLogDropped.Value);
    }

    private void Configure(string format) => _writer.Configure(new AccessLogOptions { Path = "x", Format = format });

    private void Write(int bytes) => _writer.Write(new ExchangeRecord
    {
        Client = new ExchangeClient(null, isTls: false, new RequestHead()),
        BodyBytes = bytes,
    });

    private sealed class HeldTarget : ILogTarget
    {
        private readonly ConcurrentQueue<string> _texts = new();

        public ManualResetEventSlim Gate { get; } = new(initialState: true);

        public string? Problem { get; set; }

        public bool IsDisposed { get; private set; }

        public int Writes => _texts.Count;

        public string Text => string.Concat(_texts);

        public string Name => "held";

        public string? Open() => null;

        public int Write(ReadOnlySpan<byte> lines, out string? problem)
        {
            Gate.Wait();
            problem = Problem;
            if (problem is not null)
            {
                return 0;
            }

            _texts.Enqueue(Encoding.UTF8.GetString(lines));
            return lines.Length;
        }

        public void Dispose() => IsDisposed = true;
    }
}
