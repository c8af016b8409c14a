using Slice.Core.Storage;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Exchange;

/// <summary>A client that never makes its connection wait gives the thread away now and then, so that others have theirs.</summary>
public sealed class ClientWriterTests : IDisposable
{
    private const int Mebibyte = 1 << 20;

    private readonly SliceStore _store = SliceStore.CreateInMemory(4 * Mebibyte, TimeProvider.System);
    private readonly TestWriter _writer = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Client_that_never_waits_lets_others_in_after_every_four_mebibytes_of_slices()
    {
        var slice = await StoredObjects.FillAsync(_store, Mebibyte);
        Assert.Equal(
            "...|...|",
            await LetsInAsync(8, () => _writer.WriteSliceAsync(default, slice, 0, Mebibyte)));
        slice.Release();
    }

    [Fact]
    public async Task Bytes_that_are_not_of_a_slice_count_as_well() => Assert.Equal(
        ".|.|",
        await LetsInAsync(4, () => _writer.WriteAsync(new byte[2 * Mebibyte])));

    [Fact]
    public async Task Client_that_has_made_its_connection_wait_has_let_others_in()
    {
        byte[] bytes = new byte[3 * Mebibyte];
        Assert.Equal(".", await LetsInAsync(1, () => _writer.WriteAsync(bytes)));
        var behind = _writer.Behind = new TaskCompletionSource<WriteResult>();
        var waiting = _writer.WriteAsync(bytes);
        _writer.Behind = null;
        behind.SetResult(WriteResult.Written);
        Assert.Equal(WriteResult.Written, await waiting);

        Assert.Equal(".|", await LetsInAsync(2, () => _writer.WriteAsync(bytes)));
    }

    [Fact]
    public async Task Failure_of_the_write_that_ends_a_turn_is_told()
    {
        _writer.Result = WriteResult.ClientGone;
        using var thread = new OneThread();
        var write = thread.Run(() => _writer.WriteAsync(new byte[4 * Mebibyte]));
        Assert.False(write.IsCompleted);
        thread.GoOn();
        Assert.Equal(WriteResult.ClientGone, await write);
    }

    // Of each write, a bar where the connection goes on later, and a point where it goes on at once. Nothing goes on by itself meanwhile,
    // as all of it is posted to this thread.
    private static async Task<string> LetsInAsync(int writes, Func<ValueTask<WriteResult>> write)
    {
        string letsIn = "";
        using var thread = new OneThread();
        for (int index = 0; index < writes; index++)
        {
            var writing = thread.Run(write);
            letsIn += writing.IsCompleted ? "." : "|";
            Assert.Equal(writing.IsCompleted ? 0 : 1, thread.GoOn());
            Assert.Equal(WriteResult.Written, await writing);
        }

        return letsIn;
    }

    private sealed class TestWriter : ClientWriter
    {
        public WriteResult Result { get; set; } = WriteResult.Written;

        public TaskCompletionSource<WriteResult>? Behind { get; set; }

        public override bool TryFinishSending() => true;

        protected override ValueTask<WriteResult> SendAsync(ReadOnlyMemory<byte> bytes) =>
            Behind is { } behind ? new(behind.Task) : new(Result);

        protected override ValueTask<WriteResult> SendSliceAsync(
            ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes) => new(Result);
    }

    // Keeps what would go on on another thread until it is told to go on.
    private sealed class OneThread : SynchronizationContext, IDisposable
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();

        public T Run<T>(Func<T> action)
        {
            var outside = Current;
            SetSynchronizationContext(this);
            try
            {
                return action();
            }
            finally
            {
                SetSynchronizationContext(outside);
            }
        }

        public int GoOn()
        {
            int count = _posted.Count;
            for (int index = 0; index < count; index++)
            {
                var (callback, state) = _posted.Dequeue();
                callback(state);
            }

            return count;
        }

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

        public void Dispose() => Assert.Empty(_posted);
    }
}
