using System.Buffers.Binary;
using System.IO.Pipes;

namespace Slice.Host.Service;

/// <summary>
/// The side of the process that replaces another: says when it could serve, and waits for the other. By then the service manager has been
/// told who the main process is and hears what that says (<c>NotifyAccess=main</c>), and the other takes no connections and no purges any
/// more.
/// </summary>
internal sealed class UpgradeHandshake : IDisposable
{
    /// <summary>
    /// How long the other process may take for its answer, which is twice as long as its own steps may take together. One that is stuck for
    /// longer may still serve, and then this one must not.
    /// </summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private readonly AnonymousPipeClientStream _ready;
    private readonly AnonymousPipeClientStream _go;
    private readonly TimeProvider _time;

    private UpgradeHandshake(UpgradeOffer offer, TimeProvider time)
    {
        _ready = new AnonymousPipeClientStream(PipeDirection.Out, offer.Ready);
        _go = new AnonymousPipeClientStream(PipeDirection.In, offer.Go);
        _time = time;
    }

    /// <summary>
    /// Takes the pipes of an offer over; null when there are none under its numbers, because another process has left its variable in the
    /// environment.
    /// </summary>
    /// <param name="offer">What the other process has left.</param>
    /// <param name="time">The clock.</param>
    public static UpgradeHandshake? TryOpen(UpgradeOffer offer, TimeProvider time) =>
        IsPipe(offer.Ready) && IsPipe(offer.Go) && offer.Ready != offer.Go ? new UpgradeHandshake(offer, time) : null;

    /// <summary>Everything is ready for clients: says so, and returns when the other process has answered or is gone.</summary>
    /// <returns>Null: this process serves now. Otherwise why it must not.</returns>
    public async Task<string?> CompleteAsync()
    {
        byte[] processId = new byte[UpgradeOffer.ReadyBytes];
        BinaryPrimitives.WriteInt32LittleEndian(processId, Environment.ProcessId);
        try
        {
            await _ready.WriteAsync(processId);
        }
        catch (IOException)
        {
            // Nobody waits for it any more. Whether the other has ended or goes on is in the other pipe.
        }

        byte[] answer = new byte[1];
        try
        {
            int read = await _go.ReadAsync(answer).AsTask().WaitAsync(LongestWait, _time);

            // The end of the pipe without a word is the end of the other process: whoever serves is this one.
            return read == 0 || answer[0] == UpgradeOffer.Serve ? null : "the process that was to be replaced goes on";
        }
        catch (TimeoutException)
        {
            return $"the process that was to be replaced has not answered within {LongestWait.TotalSeconds} s, and may still serve";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ready.Dispose();
        _go.Dispose();
    }

    // Before anything owns the number: a handle would close the descriptor of somebody else, sooner or later. Never one of the standard
    // streams. A descriptor that is not open has no entry, proc_pid_fd(5).
    private static bool IsPipe(string number) =>
        number is not ("0" or "1" or "2")
        && new FileInfo("/proc/self/fd/" + number).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true;
}
