using Microsoft.Extensions.Logging;
using Slice.Core.Observability;

namespace Slice.Net.AccessLog;

/// <summary>What the thread of the access log does: takes lines out of queues and writes them in batches. For that thread alone.</summary>
internal sealed partial class LineDrain(
    LogDestinations destinations, LineLosses losses, ILogger logger, SliceMeter meter, TimeProvider time)
{
    // After a failure: long beside what a failure costs, short beside what an operator takes to make room. Arbitrary.
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = logger;
    private LogDestination? _current;
    private ReadOnlyMemory<byte> _batch;
    private bool _isFailing;

    /// <summary>Writes lines until the destinations end.</summary>
    public void Run()
    {
        while (RunOnce())
        {
            if (_isFailing)
            {
                _current!.Queue.Wait(s_retry);
            }
            else if (_batch.IsEmpty)
            {
                // Else the target has waited: for a reader that is slow.
                _current!.Queue.WaitForLines();
            }
        }

        _current?.Target?.Dispose();
    }

    // One batch. False when it was the last.
    private bool RunOnce()
    {
        var (next, mustReopen, isLast, endsAt) = destinations.TakeNext();
        if (next is not null)
        {
            Finish(endsAt);
            _current?.Target?.Dispose();
            (_current, _isFailing) = (next, false);
            Note(_current.Target?.Open());
        }
        else if (mustReopen)
        {
            Note(_current?.Target?.Open());
        }

        if (isLast)
        {
            Finish(endsAt);
        }
        else
        {
            TakeBatch();
            WriteBatch();
        }

        return !isLast;
    }

    // What is left over of a batch and what is queued. The queue is closed: nothing comes behind. A target that fails is tried once; one
    // whose reader is slow has its time.
    private void Finish(long endsAt)
    {
        FinishBatch(endsAt);
        TakeBatch();
        FinishBatch(endsAt);
    }

    private void FinishBatch(long endsAt)
    {
        do
        {
            WriteBatch();
        }
        while (!_batch.IsEmpty && !_isFailing && time.GetTimestamp() < endsAt);

        LoseBatch();
    }

    private void TakeBatch()
    {
        if (_current is null || !_batch.IsEmpty)
        {
            return;
        }

        _batch = _current.Queue.Take(out long lost);
        if (lost == 0)
        {
            losses.End(_current.Target?.Name);
        }
    }

    private void WriteBatch()
    {
        if (!_batch.IsEmpty)
        {
            int written = _current!.Target!.Write(_batch.Span, out string? problem);
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
            losses.AddUnwritten(lines);
        }
    }

    private void Note(string? problem)
    {
        if (problem is not null)
        {
            meter.Errors.Add("access_log");
        }

        if (problem is not null && !_isFailing)
        {
            LogFailed(_current!.Target!.Name, problem);
        }
        else if (problem is null && _isFailing)
        {
            LogWorks(_current?.Target?.Name);
        }

        _isFailing = problem is not null;
    }

    [LoggerMessage(EventId = 140, EventName = "access_log_failed", Level = LogLevel.Error,
        Message = "the access log cannot be written, and is tried again every second: {path}: {problem}")]
    private partial void LogFailed(string path, string problem);

    [LoggerMessage(EventId = 141, EventName = "access_log_works", Level = LogLevel.Information,
        Message = "the access log is written again: {path}")]
    private partial void LogWorks(string? path);
}
