using System.Buffers.Binary;
using System.IO.Pipes;

namespace Slice.Host.Service;

/// <summary>
/// The side of the process that replaces another: says when it could serve, and waits for the other. By then the service manager knows who
/// the main process is and hears what that says (<c>NotifyAccess=main</c>), and the other takes no connections and no purges any more.
/// </summary>
internal sealed class UpgradeHandshake : IDisposable
{
    // The other process has no more to do than to send a datagram and to close its ports; without its word this one goes on all the same.
    // Arbitrary.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(5);

    private readonly AnonymousPipeClientStream _ready;
    private readonly AnonymousPipeClientStream _go;

    /// <param name="offer">What the other process has left.</param>
    public UpgradeHandshake(UpgradeOffer offer)
    {
        _ready = new AnonymousPipeClientStream(PipeDirection.Out, offer.Ready);
        _go = new AnonymousPipeClientStream(PipeDirection.In, offer.Go);
    }

    /// <summary>Everything is ready for clients: says so, and returns when the other process has answered or is gone.</summary>
    public async Task CompleteAsync()
    {
        try
        {
            byte[] processId = new byte[UpgradeOffer.ReadyBytes];
            BinaryPrimitives.WriteInt32LittleEndian(processId, Environment.ProcessId);
            await _ready.WriteAsync(processId);

            // Real time, no injected clock: another process answers.
            await _go.ReadAsync(new byte[1]).AsTask().WaitAsync(s_longestWait);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            // It has ended: whoever serves is this process.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ready.Dispose();
        _go.Dispose();
    }
}
