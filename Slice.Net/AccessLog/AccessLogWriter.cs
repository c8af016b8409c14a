using System.Buffers;
using Microsoft.Extensions.Logging;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Net.Exchange;

namespace Slice.Net.AccessLog;

/// <summary>
/// The access log: makes a line of each exchange and lets one thread of its own write the lines in batches. No request ever waits for a
/// disk: what comes faster than it can be written is lost and counted. Off, it costs a look at one field. Thread-safe.
/// </summary>
internal sealed partial class AccessLogWriter : IDisposable
{
    // After a failure: long beside what a failure costs, short beside what an operator takes to make room. Arbitrary.
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    // What a slow disk may add to the end of the process. Arbitrary.
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(2);

    private readonly ILogger _logger;
    private readonly SliceMeter _meter;
    private readonly TimeProvider _time;
    private readonly Func<string, ILogTarget> _targetOf;
    private readonly Lock _lock = new();
    private AccessLogOptions _options = new();
    private Thread? _thread;

    // What requests go by; null while the log is off.
    private volatile Setup? _setup;

    // What the thread is to do; under the lock. Each target has a queue of its own, so that lines go where they were meant to go.
    private bool _isReplaced;
    private ILogTarget? _replacement;
    private LineQueue? _nextQueue;
    private LineQueue? _queue;
    private bool _mustReopen;
    private bool _isStopping;

    // The thread's own.
    private ILogTarget? _target;
    private ReadOnlyMemory<byte> _batch;
    private bool _isFailing;
    private bool _isLosing;
    private long _lost;

    /// <summary>An access log that is off until it is configured.</summary>
    /// <param name="logger">Is told of its troubles.</param>
    /// <param name="meter">Counts lost lines.</param>
    /// <param name="time">The clock of the lines.</param>
    /// <param name="targetOf">Makes a target of a path; null for files, the journal and standard error.</param>
    public AccessLogWriter(ILogger<AccessLogWriter> logger, SliceMeter meter, TimeProvider time, Func<string, ILogTarget>? targetOf = null)
    {
        (_logger, _meter, _time) = (logger, meter, time);
        _targetOf = targetOf ?? TargetOf;
    }

    /// <summary>Turns the log on, off, or to another target or format; lines of before go where they were meant to go.</summary>
    /// <param name="options">Valid options.</param>
    public void Configure(AccessLogOptions options)
    {
        lock (_lock)
        {
            if (options == _options || _isStopping)
            {
                return;
            }

            AccessLogFormat? format = null;
            string? problem = options.Path is null ? null : AccessLogFormat.Parse(options.Format, out format);
            if (problem is not null)
            {
                throw new InvalidOperationException($"The format of the access log was not checked: {problem}");
            }

            if (options.Path != _options.Path)
            {
                Replace(options.Path);
            }

            _options = options;
            _setup = format is null ? null : new Setup(format, _nextQueue ?? _queue!);
            _queue?.Wake();
            if (_thread is null && format is not null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "access log" };
                _thread.Start();
            }
        }
    }

    /// <summary>Opens the target again: somebody has moved the file away (SIGHUP after logrotate).</summary>
    public void Reopen()
    {
        lock (_lock)
        {
            _mustReopen = true;
            _queue?.Wake();
        }
    }

    /// <summary>Writes the line of an exchange that has finished; never waits for a target.</summary>
    public void Write(in ExchangeRecord record)
    {
        if (_setup is { } setup)
        {
            Write(setup, record);
        }
    }

    /// <summary>Writes what is queued, in a bounded time, and ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isStopping = true;
            _setup = null;
            _queue?.Wake();
        }

        _thread?.Join(s_longestEnd);
    }

    private ILogTarget TargetOf(string path) => path == AccessLogOptions.Journal ? new JournalTarget()
        : path == AccessLogOptions.StandardError ? new StandardErrorTarget()
        : new FileTarget(path, () => _meter.AccessLogDropped.Add(1));

    // Under the lock. A queue that was to come next and has not come is given up: two reloads within a moment.
    private void Replace(string? path)
    {
        _replacement?.Dispose();
        (_nextQueue ?? _queue)?.Close();
        _isReplaced = true;
        _replacement = path is null ? null : _targetOf(path);
        _nextQueue = path is null ? null : new LineQueue();
        if (_queue is null)
        {
            (_queue, _nextQueue) = (_nextQueue, null);
        }
    }

    private void Write(Setup setup, in ExchangeRecord record)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(AccessLogLine.MaxBytes);
        int length = AccessLogLine.Write(setup.Format, record, _time.GetUtcNow(), buffer.AsSpan(0, AccessLogLine.MaxBytes));
        var line = buffer.AsSpan(0, length);
        bool isAdded = setup.Queue.TryAdd(line, out bool isFirstLost, out bool isClosed);
        if (isClosed && _setup is { } next)
        {
            // A reload came between the look and here.
            isAdded = next.Queue.TryAdd(line, out isFirstLost, out _);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (!isAdded)
        {
            _meter.AccessLogDropped.Add(1);
        }

        // Said here, and not by the thread: what holds the thread up may do so for long.
        if (isFirstLost && !Interlocked.Exchange(ref _isLosing, true))
        {
            LogLosing(_options.Path);
        }
    }

    private void Run()
    {
        bool isLast;
        do
        {
            LineQueue queue;
            lock (_lock)
            {
                queue = _queue!;
            }

            if (_isFailing)
            {
                queue.Wait(s_retry);
            }
            else
            {
                queue.WaitForLines();
            }

            isLast = RunOnce(queue);
        }
        while (!isLast);

        _target?.Dispose();
    }

    // One batch. True when it was the last.
    private bool RunOnce(LineQueue queue)
    {
        bool isReplaced, mustReopen, isLast;
        ILogTarget? replacement;
        var old = queue;
        lock (_lock)
        {
            (isReplaced, replacement, mustReopen, isLast) = (_isReplaced, _replacement, _mustReopen, _isStopping);
            (_isReplaced, _replacement, _mustReopen) = (false, null, false);
            queue = _queue = _nextQueue ?? _queue!;
            _nextQueue = null;
        }

        if (isReplaced)
        {
            if (_target is not null)
            {
                WriteAll(old);
                _target.Dispose();
            }

            (_target, _isFailing) = (replacement, false);
            Note(_target?.Open());
        }
        else if (mustReopen && _target is not null)
        {
            Note(_target.Open());
        }

        if (isLast)
        {
            WriteAll(queue);
        }
        else
        {
            TakeBatch(queue);
            WriteBatch();
        }

        return isLast;
    }

    // What is left over of a batch and what is queued, tried once each.
    private void WriteAll(LineQueue queue)
    {
        WriteBatch();
        LoseBatch();
        TakeBatch(queue);
        WriteBatch();
        LoseBatch();
    }

    private void TakeBatch(LineQueue queue)
    {
        if (!_batch.IsEmpty)
        {
            return;
        }

        _batch = queue.Take(out long lost);
        _lost += lost;
        if (lost == 0 && _lost > 0)
        {
            LogLosingOver(_options.Path, _lost);
            _lost = 0;
            Volatile.Write(ref _isLosing, false);
        }
    }

    private void WriteBatch()
    {
        if (_target is null)
        {
            // Turned off a moment ago: nobody wants the last lines.
            _batch = default;
        }
        else if (!_batch.IsEmpty)
        {
            int written = _target.Write(_batch.Span, out string? problem);
            _batch = _batch[written..];
            Note(problem);
        }
    }

    private void LoseBatch()
    {
        int lines = _batch.Span.Count((byte)'\n');
        _batch = default;
        if (lines > 0)
        {
            _meter.AccessLogDropped.Add(lines);
        }
    }

    private void Note(string? problem)
    {
        if (problem is not null)
        {
            _meter.Errors.Add("access_log");
        }

        if (problem is not null && !_isFailing)
        {
            LogFailed(_target!.Name, problem);
        }
        else if (problem is null && _isFailing)
        {
            LogWorks(_target?.Name);
        }

        _isFailing = problem is not null;
    }

    private sealed record Setup(AccessLogFormat Format, LineQueue Queue);

    [LoggerMessage(EventId = 140, EventName = "access_log_failed", Level = LogLevel.Error,
        Message = "the access log cannot be written, and is tried again every second: {path}: {problem}")]
    private partial void LogFailed(string path, string problem);

    [LoggerMessage(EventId = 141, EventName = "access_log_works", Level = LogLevel.Information,
        Message = "the access log is written again: {path}")]
    private partial void LogWorks(string? path);

    [LoggerMessage(EventId = 142, EventName = "access_log_drops", Level = LogLevel.Warning,
        Message = "lines of the access log are lost, as they come faster than they can be written: {path}")]
    private partial void LogLosing(string? path);

    [LoggerMessage(EventId = 143, EventName = "access_log_drops_over", Level = LogLevel.Warning,
        Message = "no more lines of the access log are lost: {path} {lost}")]
    private partial void LogLosingOver(string? path, long lost);
}
