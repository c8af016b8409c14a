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

/// <summary>Another target while lines come (SIGHUP): each line arrives once, or is counted as lost.</summary>
[Trait("Behaviour", "B49")]
public sealed class AccessLogReplacementTests : IDisposable
{
    private readonly LogCapture _log = new();
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly ConcurrentDictionary<string, RecordingTarget> _targets = new();
    private readonly ManualResetEventSlim _gate = new(initialState: true);
    private readonly ILoggerFactory _loggers;
    private readonly AccessLogWriter _writer;

    public AccessLogReplacementTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        _writer = new AccessLogWriter(
            _loggers.CreateLogger<AccessLogWriter>(),
            _meter,
            TimeProvider.System,
            path => _targets[path] = new RecordingTarget(path, _gate));
    }

    public void Dispose()
    {
        _gate.Set();
        _writer.Dispose();
        _loggers.Dispose();
        _meter.Dispose();
        _gate.Dispose();
    }

    [Fact]
    public async Task Reloads_lose_no_line_that_has_room()
    {
        var writers = WriteOnThreads(writers: 4, linesEach: 50_000, out int lines);
        for (int reload = 1; !writers.IsCompleted; reload++)
        {
            string path = $"{reload}";
            Configure(path);
            Assert.True(SpinWait.SpinUntil(() => _targets[path].IsOpen, Deadline.Default), "the target is opened");
        }

        await writers;
        _writer.Dispose();
        Assert.Equal(0, _meter.AccessLogDropped.Value);
        Assert.Equal(Enumerable.Range(0, lines), Arrived());
    }

    [Fact]
    public async Task Reloads_that_nobody_paces_lose_no_line_without_counting()
    {
        var writers = WriteOnThreads(writers: 4, linesEach: 20_000, out int lines);
        for (int reload = 1; reload <= 500 || !writers.IsCompleted; reload++)
        {
            Configure($"{reload}");
        }

        await writers;
        _writer.Dispose();
        var arrived = Arrived();
        Assert.Equal(arrived.Distinct(), arrived);
        Assert.Equal(lines, arrived.Count + _meter.AccessLogDropped.Value);
        Assert.All(_targets.Values, target => Assert.True(target.IsDisposed));
    }

    [Fact]
    public async Task Targets_that_wait_for_a_slow_one_get_their_lines_in_turn()
    {
        await HoldUpAtAsync("slow");
        foreach (int path in Enumerable.Range(1, 4))
        {
            Configure($"{path}");
            Write(path);
        }

        _gate.Set();
        _writer.Dispose();
        Assert.Equal(0, _meter.AccessLogDropped.Value);
        Assert.All(Enumerable.Range(1, 4), path => Assert.Equal($"{path}\n", _targets[$"{path}"].Text));
    }

    [Fact]
    public async Task Lines_of_a_target_too_many_are_lost_and_counted()
    {
        await HoldUpAtAsync("slow");
        foreach (int path in Enumerable.Range(1, 6))
        {
            Configure($"{path}");
            Write(path);
        }

        Assert.Equal(2, _meter.AccessLogDropped.Value);
        Assert.Contains(_log.Lines, line => line.StartsWith("Warning access_log_drops ", StringComparison.Ordinal));
        _gate.Set();
        _writer.Dispose();
        Assert.Equal([0, 3, 4, 5, 6], Arrived());
        Assert.All(_targets.Values, target => Assert.True(target.IsDisposed));
    }

    [Fact]
    public async Task Log_turned_off_and_on_again_goes_on()
    {
        await HoldUpAtAsync("slow");
        _writer.Configure(new AccessLogOptions());
        Write(1);
        Configure("next");
        Write(2);
        _gate.Set();
        _writer.Dispose();
        Assert.Equal("0\n", _targets["slow"].Text);
        Assert.Equal("2\n", _targets["next"].Text);
        Assert.Equal(0, _meter.AccessLogDropped.Value);
    }

    private async Task HoldUpAtAsync(string path)
    {
        _gate.Reset();
        Configure(path);
        Write(0);
        await Eventually.TrueAsync(() => _targets[path].IsWriting, "the thread writes");
    }

    private Task WriteOnThreads(int writers, int linesEach, out int lines)
    {
        lines = writers * linesEach;
        Configure("0");
        return Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Factory.StartNew(
            () =>
            {
                for (int line = 0; line < linesEach; line++)
                {
                    Write((writer * linesEach) + line);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    private List<int> Arrived() =>
        [.. _targets.Values.SelectMany(target => target.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse).Order()];

    private void Configure(string path) => _writer.Configure(new AccessLogOptions { Path = path, Format = "{bytes}" });

    private void Write(int bytes) => _writer.Write(new ExchangeRecord
    {
        Client = new ExchangeClient(null, isTls: false, new RequestHead()),
        BodyBytes = bytes,
    });

    private sealed class RecordingTarget(string name, ManualResetEventSlim gate) : ILogTarget
    {
        private readonly StringBuilder _text = new();
        private volatile bool _isOpen;
        private volatile bool _isWriting;

        public bool IsOpen => _isOpen;

        public bool IsWriting => _isWriting;

        public bool IsDisposed { get; private set; }

        public string Text => _text.ToString();

        public string Name => name;

        public string? Open()
        {
            _isOpen = true;
            return null;
        }

        public int Write(ReadOnlySpan<byte> lines, out string? problem)
        {
            _isWriting = true;
            gate.Wait();
            _text.Append(Encoding.ASCII.GetString(lines));
            problem = null;
            return lines.Length;
        }

        public void Dispose() => IsDisposed = true;
    }
}
