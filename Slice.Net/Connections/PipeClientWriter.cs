using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Slice.Core.Storage;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>
/// Writes through a pipe: that of the TLS layer, whose bytes are made after us, or that of a transport without a socket. Slices are read
/// with pread(2), never from the mapping: user code that touched a mapping cut short would die of SIGBUS.
/// </summary>
internal sealed class PipeClientWriter(PipeWriter output, ConnectionDeadlines deadlines) : ClientWriter
{
    // One read and one flush; the pipe's own limit (64 KiB by default) holds us back beyond that.
    private const int PieceBytes = 64 << 10;

    /// <inheritdoc/>
    protected override async ValueTask<WriteResult> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        output.Write(bytes.Span);
        return await FlushAsync();
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<WriteResult> SendSliceAsync(
        ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes)
    {
        do
        {
            // In one piece, so that the TLS layer makes one record of a head and a short body.
            int wanted = Math.Min(takeBytes, PieceBytes - Math.Min(head.Length, PieceBytes));
            int read;
            try
            {
                var piece = output.GetSpan(head.Length + wanted);
                head.Span.CopyTo(piece);
                read = slice.Read(piece.Slice(head.Length, wanted), skipBytes);
            }
            catch (IOException)
            {
                read = -1;
            }

            if (read != wanted)
            {
                return WriteResult.SliceUnreadable;
            }

            output.Advance(head.Length + read);
            head = default;
            skipBytes += read;
            takeBytes -= read;
            if (await FlushAsync() is var result and not WriteResult.Written)
            {
                return result;
            }
        }
        while (takeBytes > 0);

        return WriteResult.Written;
    }

    /// <inheritdoc/>
    /// <remarks>The transport closes both directions when its pipe is completed.</remarks>
    public override bool TryFinishSending() => false;

    private async ValueTask<WriteResult> FlushAsync()
    {
        deadlines.ArmSend();
        bool isWritten;
        try
        {
            var flushed = await output.FlushAsync();
            isWritten = !flushed.IsCompleted && !flushed.IsCanceled;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // How the transport, or TLS above it, says that the connection was reset or aborted.
            isWritten = false;
        }

        if (deadlines.Disarm())
        {
            return isWritten ? WriteResult.Written : WriteResult.ClientGone;
        }

        // A client that took the last byte too late is aborted all the same.
        TimeOut();
        return WriteResult.ClientGone;
    }
}
