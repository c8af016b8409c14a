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
internal sealed class AccessLogWriter : IDisposable
{
    // What a slow disk may add to the end of the process: what the thread has for its lines, and for what it does besides. Arbitrary.
    private static readonly TimeSpan s_longestLines = TimeSpan.FromSeconds(1.7);
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(2);

    private readonly LogDestinations _destinations;
    private readonly LineLosses _losses;
    private readonly LineDrain _drain;
    private readonly SliceMeter _meter;
    private readonly TimeProvider _time;
    private readonly Func<string, ILogTarget> _targetOf;
    private readonly Lock _lock = new();
    private AccessLogOptions _options = new();
    private Thread? _thread;
    private bool _isStopping;

    // What requests go by; null while the log is off.
    private volatile Setup? _setup;

    /// <summary>An access log that is off until it is configured.</summary>
    /// <param name="logger">Is told of its troubles.</param>
    /// <param name="meter">Counts lost lines.</param>
    /// <param name="time">The clock of the lines.</param>
    /// <param name="targetOf">Makes a target of a path; null for files, the journal and standard error.</param>
    public AccessLogWriter(ILogger<AccessLogWriter> logger, SliceMeter meter, TimeProvider time, Func<string, ILogTarget>? targetOf = null)
    {
        (_meter, _time) = (meter, time);
        _targetOf = targetOf ?? TargetOf;
        _losses = new LineLosses(logger, meter);
        _destinations = new LogDestinations(time);
        _drain = new LineDrain(_destinations, _losses, logger, meter, time);
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

            bool isMoved = options.Path != _options.Path;
            var destination = isMoved ? DestinationOf(options.Path) : _destinations.Latest;
            _options = options;
            _setup = format is null ? null : new Setup(format, destination!.Queue, options.Path);
            if (isMoved)
            {
                // Behind the setup: a request that finds its queue closed looks for another one there.
                MoveTo(destination!);
            }
        }
    }

    /// <summary>Opens the target again: somebody has moved the file away (SIGHUP after logrotate).</summary>
    public void Reopen() => _destinations.Reopen();

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
            _destinations.Stop(s_longestLines);
        }

        _thread?.Join(s_longestEnd);
    }

    private ILogTarget TargetOf(string path) => path == AccessLogOptions.Journal ? new JournalTarget()
        : path == AccessLogOptions.StandardError ? new StandardErrorTarget()
        : new FileTarget(path, () => _meter.AccessLogDropped.Add(1));

    private LogDestination DestinationOf(string? path) =>
        path is null ? new LogDestination(null, new LineQueue(0)) : new LogDestination(_targetOf(path), new LineQueue(LineQueue.Capacity));

    private void MoveTo(LogDestination destination)
    {
        int lost = _destinations.Add(destination);
        if (lost > 0)
        {
            _losses.Add(lost, _options.Path);
        }

        if (_thread is null)
        {
            _thread = new Thread(_drain.Run) { IsBackground = true, Name = "access log" };
            _thread.Start();
        }
    }

    private void Write(Setup setup, in ExchangeRecord record)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(AccessLogLine.MaxBytes);
        bool isAdded = TryAdd(setup, record, buffer, out bool isClosed);
        while (isClosed && _setup is { } next && next != setup)
        {
            // A reload came between the look and here.
            setup = next;
            isAdded = TryAdd(setup, record, buffer, out isClosed);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (isClosed)
        {
            // Turned off, or the end of the process.
            _losses.AddUnwritten(1);
        }
        else if (!isAdded)
        {
            _losses.Add(1, setup.Path);
        }
    }

    private bool TryAdd(Setup setup, in ExchangeRecord record, byte[] buffer, out bool isClosed)
    {
        int length = AccessLogLine.Write(setup.Format, record, _time.GetUtcNow(), buffer.AsSpan(0, AccessLogLine.MaxBytes));
        return setup.Queue.TryAdd(buffer.AsSpan(0, length), out isClosed);
    }

    private sealed class Setup(AccessLogFormat format, LineQueue queue, string? path)
    {
        public AccessLogFormat Format => format;

        public LineQueue Queue => queue;

        public string? Path => path;
    }
}
