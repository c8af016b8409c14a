namespace Slice.Net.AccessLog;

/// <summary>
/// Lines on their way to one writer: a bounded buffer that requests fill, and another that the writer empties. Allocates nothing once made.
/// </summary>
/// <param name="capacity">Bytes of lines that wait at most.</param>
/// <remarks>
/// Any thread may call <see cref="TryAdd"/>; everything else is the writer's, or the owner's who wakes the writer. A request holds the lock
/// for the copy of a line, and wakes the writer for the first line of a batch and when there is a batch's worth, not for every line.
/// </remarks>
internal sealed class LineQueue(int capacity)
{
    /// <summary>Bytes of lines that wait at most for a target. About 16,000 lines; memory is taken as it is filled.</summary>
    public const int Capacity = 4 << 20;

    // A batch's worth: more saves no system calls worth mentioning.
    private const int BatchBytes = 64 << 10;

    // How long a line waits for others. Arbitrary: short for who looks on, long beside a write.
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(100);

    private readonly object _lock = new();
    private byte[] _filling = GC.AllocateUninitializedArray<byte>(capacity);
    private byte[] _emptying = GC.AllocateUninitializedArray<byte>(capacity);
    private int _filled;
    private long _lost;
    private bool _isWoken;
    private bool _isClosed;

    /// <summary>Adds a line, or counts it as lost.</summary>
    /// <param name="line">The line with its end.</param>
    /// <param name="isClosed">Whether the line belongs into the next queue.</param>
    /// <returns>False when there is no room, or the queue is closed.</returns>
    public bool TryAdd(ReadOnlySpan<byte> line, out bool isClosed)
    {
        lock (_lock)
        {
            isClosed = _isClosed;
            if (isClosed)
            {
                return false;
            }

            if (line.Length > _filling.Length - _filled)
            {
                _lost++;
                return false;
            }

            line.CopyTo(_filling.AsSpan(_filled));
            int before = _filled;
            _filled += line.Length;
            if (before == 0 || (before < BatchBytes && _filled >= BatchBytes))
            {
                Monitor.Pulse(_lock);
            }

            return true;
        }
    }

    /// <summary>Takes no further line, and ends the writer's wait.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.Pulse(_lock);
            _isWoken = true;
        }
    }

    /// <summary>Ends the writer's wait.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _isWoken = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits for lines, and until there are enough or the first has waited long enough; or until <see cref="Wake"/>.</summary>
    public void WaitForLines()
    {
        lock (_lock)
        {
            while (_filled == 0 && !_isWoken)
            {
                Monitor.Wait(_lock);
            }

            if (_filled < BatchBytes && !_isWoken)
            {
                // Real time, no injected clock: the kernel wakes a thread that waits for a monitor.
                Monitor.Wait(_lock, s_gathering);
            }

            _isWoken = false;
        }
    }

    /// <summary>Waits so long in real time, or until <see cref="Wake"/>.</summary>
    public void Wait(TimeSpan time)
    {
        lock (_lock)
        {
            if (!_isWoken)
            {
                Monitor.Wait(_lock, time);
            }

            _isWoken = false;
        }
    }

    /// <summary>Takes all lines. The memory is the writer's until the next call.</summary>
    /// <param name="lost">Lines that were lost since the call before.</param>
    public ReadOnlyMemory<byte> Take(out long lost)
    {
        lock (_lock)
        {
            (lost, _lost) = (_lost, 0);
            (_filling, _emptying) = (_emptying, _filling);
            var lines = _emptying.AsMemory(0, _filled);
            _filled = 0;
            return lines;
        }
    }
}
