using System.Buffers;
using System.IO.Pipelines;
using Slice.Core.Http;
using Slice.Net.Exchange;
using Slice.Net.Origin;

namespace Slice.Net.Connections;

/// <summary>
/// Reads the body of the current request off the connection: by Content-Length or chunked, within the limit, each wait within
/// <c>timeouts.request_body</c> and all of them at <c>limits.min_receive_rate</c>. One per connection, reused; one reader at a time.
/// </summary>
internal sealed class RequestBodyReader : ClientRequestBody
{
    private readonly PipeReader _input;
    private readonly ConnectionDeadlines _deadlines;
    private readonly ClientWriter _writer;
    private long _maxBytes;
    private ChunkedDecoder? _decoder;
    private bool _isChunked;
    private bool _mustSendContinue;
    private long _left;
    private long _received;

    /// <summary>A reader of the bodies of one connection.</summary>
    public RequestBodyReader(PipeReader input, ConnectionDeadlines deadlines, ClientWriter writer)
    {
        _input = input;
        _deadlines = deadlines;
        _writer = writer;
    }

    /// <inheritdoc/>
    public override PipeReader Input => _input;

    /// <inheritdoc/>
    public override void Begin(RequestHead head, long maxBytes)
    {
        _maxBytes = maxBytes == 0 ? long.MaxValue : maxBytes;
        _isChunked = head.IsChunked;
        _left = head.HasBody ? head.ContentLength : 0;
        _received = 0;
        _mustSendContinue = head.ExpectsContinue;
        _deadlines.BeginRequestBody();
        IsConsumed = !head.HasBody;
        Rejection = _left > _maxBytes ? RequestRejection.BodyTooLarge : RequestRejection.None;
        if (_isChunked)
        {
            _decoder ??= new ChunkedDecoder();
            _decoder.Reset();
        }
    }

    /// <inheritdoc/>
    public override async Task CopyToAsync(Stream destination, Action<bool>? destinationIsAwaited, CancellationToken ct)
    {
        if (_mustSendContinue)
        {
            _mustSendContinue = false;
            using var head = NewContinue();
            if (await _writer.WriteAsync(head.Bytes) != WriteResult.Written)
            {
                throw new RequestBodyException("the client left before its request body");
            }
        }

        while (!IsConsumed)
        {
            destinationIsAwaited?.Invoke(false);
            _deadlines.ArmRequestBody();
            var read = await ReadAsync(ct);
            bool isInTime = _deadlines.RequestBodyArrived(read.Buffer.Length);
            destinationIsAwaited?.Invoke(true);
            var consumed = read.Buffer.Start;
            try
            {
                // A read that is cancelled because the process begins to drain means nothing: a body that is on its way is read to its end.
                if (!isInTime)
                {
                    throw Reject(RequestRejection.HeadTimedOut, "the request body did not arrive in time");
                }

                consumed = await CopyBufferAsync(read.Buffer, destination, ct);

                // The pool buffers small pieces; what is here may be all for a long time.
                await destination.FlushAsync(ct);
                if (!IsConsumed && read.IsCompleted)
                {
                    throw new RequestBodyException("the client closed the connection in the middle of the request body");
                }
            }
            finally
            {
                _input.AdvanceTo(consumed, IsConsumed ? consumed : read.Buffer.End);
            }
        }
    }

    private static RentedHead NewContinue() => new ResponseHeadBuilder(100).End();

    // What the client's transport says of its end is marked here, at the only place where client and origin can be told apart.
    private async ValueTask<ReadResult> ReadAsync(CancellationToken ct)
    {
        try
        {
            return await _input.ReadAsync(ct);
        }
        catch (Exception error) when (
            error is IOException or ObjectDisposedException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new RequestBodyException("the client's connection broke in the middle of the request body", error);
        }
    }

    private ValueTask<SequencePosition> CopyBufferAsync(ReadOnlySequence<byte> buffer, Stream destination, CancellationToken ct) =>
        _isChunked ? CopyChunkedAsync(buffer, destination, ct) : CopyCountedAsync(buffer, destination, ct);

    private async ValueTask<SequencePosition> CopyCountedAsync(ReadOnlySequence<byte> buffer, Stream destination, CancellationToken ct)
    {
        var data = buffer.Slice(0, Math.Min(buffer.Length, _left));
        await WriteAsync(data, destination, ct);
        _left -= data.Length;
        IsConsumed = _left == 0;
        return data.End;
    }

    private async ValueTask<SequencePosition> CopyChunkedAsync(ReadOnlySequence<byte> buffer, Stream destination, CancellationToken ct)
    {
        var position = buffer.Start;
        while (true)
        {
            switch (_decoder!.Decode(buffer.Slice(position), out var data, out position, out _))
            {
                case ChunkedStatus.Data:
                    _received += data.Length;
                    if (_received > _maxBytes)
                    {
                        throw Reject(RequestRejection.BodyTooLarge, "the request body is larger than limits.request_body");
                    }

                    await WriteAsync(data, destination, ct);
                    break;
                case ChunkedStatus.End:
                    IsConsumed = true;
                    return position;
                case ChunkedStatus.NeedMore:
                    return position;
                default:
                    throw Reject(RequestRejection.InvalidChunkedBody, "the chunked framing of the request body is broken");
            }
        }
    }

    private static async ValueTask WriteAsync(ReadOnlySequence<byte> data, Stream destination, CancellationToken ct)
    {
        foreach (var segment in data)
        {
            await destination.WriteAsync(segment, ct);
        }
    }

    private RequestBodyException Reject(RequestRejection rejection, string message)
    {
        Rejection = rejection;
        return new RequestBodyException(message);
    }
}
