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
    private readonly Func<ConnectionDeadlines> _newDeadlines;
    private readonly DeadlineSweeper _sweeper;
    private ConnectionDeadlines? _deadlines;
    private long _maxBytes;
    private ChunkedDecoder? _decoder;
    private bool _isChunked;
    private long _left;
    private long _received;

    /// <summary>A reader of the bodies of one connection.</summary>
    /// <param name="input">The connection.</param>
    /// <param name="newDeadlines">
    /// Makes the deadlines of bodies, for the first one that comes. They are not those of the responses: an origin may answer while the
    /// body is still read.
    /// </param>
    /// <param name="sweeper">Looks at them while a body is read.</param>
    public RequestBodyReader(PipeReader input, Func<ConnectionDeadlines> newDeadlines, DeadlineSweeper sweeper)
    {
        _input = input;
        _newDeadlines = newDeadlines;
        _sweeper = sweeper;
    }

    /// <inheritdoc/>
    public override PipeReader Input => _input;

    /// <inheritdoc/>
    public override void Begin(RequestHead head, TimeoutSettings timeouts, long maxBytes)
    {
        _maxBytes = maxBytes == 0 ? long.MaxValue : maxBytes;
        _isChunked = head.IsChunked;
        _left = head.HasBody ? head.ContentLength : 0;
        _received = 0;
        IsConsumed = !head.HasBody;
        if (head.HasBody)
        {
            _deadlines ??= _newDeadlines();
            _deadlines.Timeouts = timeouts;
            _deadlines.BeginRequestBody();
        }

        Rejection = _left > _maxBytes ? RequestRejection.BodyTooLarge : RequestRejection.None;
        if (_isChunked)
        {
            _decoder ??= new ChunkedDecoder();
            _decoder.Reset();
        }
    }

    /// <inheritdoc/>
    public override async Task CopyToAsync(IRequestBodySink destination, CancellationToken ct)
    {
        if (_deadlines is not { } deadlines)
        {
            return;
        }

        _sweeper.Add(deadlines);
        try
        {
            await CopyToAsync(destination, deadlines, ct);
        }
        finally
        {
            deadlines.Disarm();
            _sweeper.Remove(deadlines);
        }
    }

    private async Task CopyToAsync(IRequestBodySink destination, ConnectionDeadlines deadlines, CancellationToken ct)
    {
        while (!IsConsumed)
        {
            destination.IsAwaited(false);
            deadlines.ArmRequestBody();
            var read = await ReadAsync(ct);
            bool isInTime = deadlines.RequestBodyArrived(read.Buffer.Length);
            destination.IsAwaited(true);
            var consumed = read.Buffer.Start;
            try
            {
                // A read that is cancelled because the process begins to drain means nothing: a body that is on its way is read to its end.
                if (!isInTime)
                {
                    throw Reject(RequestRejection.HeadTimedOut, "the request body did not arrive in time");
                }

                consumed = await CopyBufferAsync(read.Buffer, destination, ct);
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

    private ValueTask<SequencePosition> CopyBufferAsync(
        ReadOnlySequence<byte> buffer, IRequestBodySink destination, CancellationToken ct) =>
        _isChunked ? CopyChunkedAsync(buffer, destination, ct) : CopyCountedAsync(buffer, destination, ct);

    private async ValueTask<SequencePosition> CopyCountedAsync(
        ReadOnlySequence<byte> buffer, IRequestBodySink destination, CancellationToken ct)
    {
        var data = buffer.Slice(0, Math.Min(buffer.Length, _left));

        // Before they are on their way: the answer to the last of them may come while the write is still returning.
        _left -= data.Length;
        IsConsumed = _left == 0;
        await destination.WriteAsync(data, ct);
        return data.End;
    }

    private async ValueTask<SequencePosition> CopyChunkedAsync(
        ReadOnlySequence<byte> buffer, IRequestBodySink destination, CancellationToken ct)
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

                    await destination.WriteAsync(data, ct);
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

    private RequestBodyException Reject(RequestRejection rejection, string message)
    {
        Rejection = rejection;
        return new RequestBodyException(message);
    }
}
