using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// A response to a client's own request, whose body is read off the connection as it is asked for. Owns the connection: it goes back to the
/// pool when the body was read to its end and nothing stands against another request on it; else it ends.
/// </summary>
internal sealed class WireResponse : OriginResponse
{
    private readonly WireRequest _request;
    private readonly WireUpload? _upload;
    private readonly OriginDeadline _deadline;
    private readonly TimeoutOptions _timeouts;
    private readonly WirePool _pool;
    private readonly ChunkedDecoder? _decoder;
    private ImmutableArray<ForwardedField> _fields;
    private readonly ResponseBody _body;
    private long _left;
    private bool _isTakenOver;
    private volatile bool _isAborted;

    /// <summary>Takes over what a <see cref="WireExchange"/> had, with the final head read.</summary>
    public WireResponse(
        WireConnection connection, WireRequest request, WireUpload? upload, OriginDeadline deadline, TimeoutOptions timeouts, WirePool pool)
    {
        Connection = connection;
        _request = request;
        _upload = upload;
        _deadline = deadline;
        _timeouts = timeouts;
        _pool = pool;
        Status = connection.Head.Status;
        _body = connection.Head.BodyOf(request.Method);
        _left = _body == ResponseBody.Length ? connection.Head.ContentLength : 0;
        ContentLength = connection.Head.ContentLength;
        HasMarkedEnd = _body != ResponseBody.UntilClose;
        IsComplete = _body == ResponseBody.None || (_body == ResponseBody.Length && _left == 0);
        _decoder = _body == ResponseBody.Chunked ? connection.BeginChunked() : null;
    }

    /// <summary>The connection it comes on.</summary>
    public WireConnection Connection { get; }

    /// <summary>The head, valid until the response is disposed.</summary>
    public ResponseHead Head => Connection.Head;

    /// <summary>Whether every byte of the body was read.</summary>
    public bool IsComplete { get; private set; }

    /// <inheritdoc/>
    public override string Origin => Connection.Endpoint.Name;

    /// <inheritdoc/>
    public override int Status { get; }

    /// <inheritdoc/>
    public override string ReasonPhrase => Encoding.Latin1.GetString(Head.ReasonPhrase);

    /// <inheritdoc/>
    public override ImmutableArray<ForwardedField> Fields => _fields.IsDefault ? _fields = ReadFields(Head.Fields) : _fields;

    /// <inheritdoc/>
    public override long ContentLength { get; }

    /// <inheritdoc/>
    public override bool HasMarkedEnd { get; }

    /// <inheritdoc/>
    public override int ReadBuffered(Span<byte> buffer)
    {
        if (_body != ResponseBody.Length || IsComplete)
        {
            return 0;
        }

        int read = Connection.ReadBuffered(buffer[..(int)Math.Min(buffer.Length, _left)]);
        _left -= read;
        IsComplete = _left == 0;
        return read;
    }

    /// <inheritdoc/>
    public override async ValueTask<BodyRead> ReadAsync(Memory<byte> buffer)
    {
        if (IsComplete)
        {
            return new BodyRead(0, Failure.None);
        }

        try
        {
            _deadline.Arm(_timeouts.BetweenBytes);
            var read = _decoder is null ? await ReadPlainAsync(buffer) : await ReadChunkedAsync(_decoder, buffer);
            _deadline.Disarm();
            return read;
        }
        catch (OperationCanceledException)
        {
            _deadline.ThrowIfCallerCancelled();
            return Broken($"no bytes for {_timeouts.BetweenBytes.TotalSeconds:0.###} s");
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            _deadline.ThrowIfCallerCancelled();
            return Broken(error.Message);
        }
    }

    /// <summary>
    /// Makes the connection the caller's, after a 101: both directions are the tunnel's, which ends it.
    /// </summary>
    public WireConnection TakeOver()
    {
        _isTakenOver = true;
        return Connection;
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        _isAborted = true;
        _deadline.Expire();
    }

    /// <summary>Ends the upload that still runs, and then the response: the body's source is the caller's again.</summary>
    public async ValueTask EndAsync()
    {
        if (_upload is not null)
        {
            await _upload.EndAsync();
        }

        Dispose();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_isTakenOver)
        {
            _deadline.Dispose();
            return;
        }

        bool isReusable = IsComplete && !_isAborted && Head.KeepAlive && HasMarkedEnd && !Connection.HasBuffered
            && _upload is null or { IsSent: true };
        if (isReusable && _deadline.TryRest())
        {
            Connection.RestingDeadline = _deadline;
        }
        else
        {
            _deadline.Dispose();
        }

        if (!isReusable)
        {
            Connection.Dispose();
        }
        else if (!Connection.IsPrivate)
        {
            Connection.Head.Reset();
            _pool.Return(Connection);
        }
        else if (_request.Private is { } keeper)
        {
            Connection.Head.Reset();
            keeper.Keep(Connection);
        }
        else
        {
            Connection.Dispose();
        }
    }

    private static ImmutableArray<ForwardedField> ReadFields(FieldTable lines)
    {
        var fields = ImmutableArray.CreateBuilder<ForwardedField>(lines.LineCount);
        for (int index = 0; index < lines.LineCount; index++)
        {
            fields.Add(
                new ForwardedField(Encoding.Latin1.GetString(lines.NameAt(index)), Encoding.Latin1.GetString(lines.ValueAt(index))));
        }

        return fields.MoveToImmutable();
    }

    private async ValueTask<BodyRead> ReadPlainAsync(Memory<byte> buffer)
    {
        bool isCounted = _body == ResponseBody.Length;
        int read = await Connection.ReadAsync(
            isCounted ? buffer[..(int)Math.Min(buffer.Length, _left)] : buffer, _deadline.Token);
        if (read == 0)
        {
            IsComplete = !isCounted && !Connection.WasCutOff;
            return IsComplete ? new BodyRead(0, Failure.None)
                : Broken(isCounted ? $"{_left} bytes short of its Content-Length" : "the connection ended without TLS close_notify");
        }

        if (isCounted)
        {
            _left -= read;
            IsComplete = _left == 0;
        }

        return new BodyRead(read, Failure.None);
    }

    // The framing is taken off where the bytes are: what is left is shorter and moves to the front.
    private async ValueTask<BodyRead> ReadChunkedAsync(ChunkedDecoder decoder, Memory<byte> buffer)
    {
        while (true)
        {
            int read = await Connection.ReadAsync(buffer, _deadline.Token);
            if (read == 0)
            {
                return Broken("the connection ended within a chunked body");
            }

            int data = Decode(decoder, buffer[..read], out var status);
            IsComplete = status == ChunkedStatus.End;
            if (status == ChunkedStatus.Invalid)
            {
                return Broken("the chunked framing of the body is broken");
            }

            if (data > 0 || IsComplete)
            {
                return new BodyRead(data, Failure.None);
            }
        }
    }

    // What stands behind the last chunk is no response to anything we asked: the connection ends.
    private int Decode(ChunkedDecoder decoder, Memory<byte> bytes, out ChunkedStatus status)
    {
        var input = new ReadOnlySequence<byte>(bytes);
        int written = 0;
        while (true)
        {
            status = decoder.Decode(input, out var data, out var consumed, out _);
            input = input.Slice(consumed);
            if (status != ChunkedStatus.Data)
            {
                _isAborted |= status == ChunkedStatus.End && !input.IsEmpty;
                return written;
            }

            // The data lies at or behind where it goes to.
            data.FirstSpan.CopyTo(bytes.Span[written..]);
            written += (int)data.Length;
        }
    }

    private static BodyRead Broken(string why) => new(0, new Failure(FetchError.HttpResponseIncomplete, why));
}
