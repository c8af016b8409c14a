using System.Buffers;
using System.Runtime.InteropServices;

namespace Slice.Net.SharedCache.Redis;

/// <summary>
/// The memory of a caller, lent to StackExchange.Redis for one write without a copy, and taken back at any time. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The library copies a value to its own buffer when it writes a command, most often before the call returns. It does so later when another
/// thread is writing at that moment, and once more when a node of a cluster sends it to another node. Nobody can cancel a command, so a
/// caller who no longer waits must not own memory that may be read then.
/// </para>
/// <para>
/// So the value is lent in two parts, all but the last byte and the last byte: the library asks for the memory of the second when it is
/// done with the first. <see cref="TakeBack"/> waits for a copy under way, some tens of microseconds, and leaves a copy of the value in
/// place of the caller's memory.
/// </para>
/// </remarks>
internal sealed class BorrowedValue
{
    private readonly Lock _lock = new();
    private readonly byte[] _last;
    private ReadOnlyMemory<byte> _bytes;
    private int _readers;

    /// <summary>Lends a value.</summary>
    /// <param name="value">Two bytes or more.</param>
    public BorrowedValue(ReadOnlyMemory<byte> value)
    {
        _bytes = value[..^1];
        _last = value[^1..].ToArray();
        var second = new Segment(new Part(this, isLast: true).Memory, _bytes.Length, null);
        var first = new Segment(new Part(this, isLast: false).Memory, 0, second);
        Bytes = new ReadOnlySequence<byte>(first, 0, second, 1);
    }

    /// <summary>The value, for the library.</summary>
    public ReadOnlySequence<byte> Bytes { get; }

    /// <summary>Returns when the caller's memory is not read and never will be.</summary>
    /// <param name="operation">Its use. Once that is over, a reader who has not ended never does: the connection broke.</param>
    public void TakeBack(Task operation)
    {
        var wait = default(SpinWait);
        while (!operation.IsCompleted)
        {
            lock (_lock)
            {
                if (_readers == 0)
                {
                    _bytes = _bytes.ToArray();
                    return;
                }
            }

            wait.SpinOnce();
        }
    }

    private Memory<byte> Read(bool isLast)
    {
        lock (_lock)
        {
            _readers += isLast ? -1 : 1;
            return isLast ? _last : MemoryMarshal.AsMemory(_bytes);
        }
    }

    private sealed class Part(BorrowedValue value, bool isLast) : MemoryManager<byte>
    {
        // The length is asked for without the bytes.
        public override Memory<byte> Memory => CreateMemory(isLast ? 1 : value._bytes.Length);

        public override Span<byte> GetSpan() => value.Read(isLast).Span;

        // No socket reads from here: the library copies.
        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index, Segment? next)
        {
            Memory = memory;
            RunningIndex = index;
            Next = next;
        }
    }
}
