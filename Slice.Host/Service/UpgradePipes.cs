using System.Buffers.Binary;
using System.IO.Pipes;

namespace Slice.Host.Service;

/// <summary>
/// The two pipes of an upgrade, on the side of the process that is to be replaced. One caller at a time. <see cref="UpgradeHandshake"/> is
/// the other side.
/// </summary>
internal sealed class UpgradePipes : IDisposable
{
    private readonly AnonymousPipeServerStream _ready = new(PipeDirection.In, HandleInheritability.Inheritable);
    private readonly AnonymousPipeServerStream _go = new(PipeDirection.Out, HandleInheritability.Inheritable);
    private Task<int>? _end;

    /// <summary>What the new process gets in its environment.</summary>
    /// <param name="sockets">The listening sockets that go with the pipes.</param>
    public UpgradeOffer Offer(IReadOnlyList<HandedDescriptor> sockets) =>
        new(_ready.GetClientHandleAsString(), _go.GetClientHandleAsString(), sockets);

    /// <summary>
    /// The new process has been started, and has its ends: from here on they are closed when it has ended, whatever the reason.
    /// </summary>
    public void Started()
    {
        _ready.DisposeLocalCopyOfClientHandle();
        _go.DisposeLocalCopyOfClientHandle();
    }

    /// <summary>Waits until the new process could serve.</summary>
    /// <returns>Its id; 0 when it says something else, as another version might; null when it has ended. Once.</returns>
    public async Task<int?> ReadAnswerAsync()
    {
        // So few bytes come in one piece (pipe(7): PIPE_BUF). One byte more is never written: the next read finds the end.
        byte[] answer = new byte[UpgradeOffer.ReadyBytes];
        int read = await _ready.ReadAsync(answer);
        if (read == 0)
        {
            return null;
        }

        _end = _ready.ReadAsync(new byte[1]).AsTask();
        return read == answer.Length ? BinaryPrimitives.ReadInt32LittleEndian(answer) : 0;
    }

    /// <summary>Is done when the new process has ended after its answer.</summary>
    public Task Ended => _end ?? Task.CompletedTask;

    /// <summary>Tells the new process to serve, or to give up.</summary>
    /// <returns>False when it has ended.</returns>
    public bool TrySay(byte word)
    {
        try
        {
            _go.Write([word]);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ready.Dispose();
        _go.Dispose();
    }
}
