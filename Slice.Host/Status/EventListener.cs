using System.Threading.Channels;

namespace Slice.Host.Status;

/// <summary>One open page, with the events that it has not taken yet. Thread-safe.</summary>
internal sealed class EventListener
{
    // Seconds that a page may be behind. Arbitrary.
    private const int MaxEvents = 4;

    private readonly Channel<ReadOnlyMemory<byte>> _events =
        Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(MaxEvents) { SingleReader = true });

    private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The events, until there are no more.</summary>
    public ChannelReader<ReadOnlyMemory<byte>> Events => _events.Reader;

    /// <summary>Ends when the page was too slow: nobody waits for the rest of what is being sent to it.</summary>
    public Task Dropped => _dropped.Task;

    /// <summary>Queues an event; false when the page is too far behind.</summary>
    public bool TryAdd(ReadOnlyMemory<byte> bytes) => _events.Writer.TryWrite(bytes);

    /// <summary>No more events: the page gets what is queued, and its connection ends.</summary>
    public void End() => _events.Writer.TryComplete();

    /// <summary>The page was too slow: its connection ends at once.</summary>
    public void Drop()
    {
        End();
        _dropped.TrySetResult();
    }
}
