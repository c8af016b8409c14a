using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Tests.Support;

/// <summary>
/// A response without a socket: head given at once, body given by the test, before or while it is read. What was sent but not
/// ended makes the reader wait. One reader; sending is thread-safe.
/// </summary>
internal sealed class FakeOriginResponse : OriginResponse
{
    private readonly Channel<(byte[] Bytes, Failure Failure)> _body = Channel.CreateUnbounded<(byte[] Bytes, Failure Failure)>();
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> _unread;
    private CancellationToken _ct;

    /// <summary>A response whose field lines are written as on the wire, <c>Name: value</c>.</summary>
    public FakeOriginResponse(int status, params string[] fieldLines)
    {
        Status = status;
        Fields = [.. fieldLines.Select(line => line.Split(": ", 2)).Select(parts => new ForwardedField(parts[0], parts[1]))];
    }

    /// <inheritdoc/>
    public override int Status { get; }

    /// <inheritdoc/>
    public override string ReasonPhrase => "Scripted";

    /// <inheritdoc/>
    public override ImmutableArray<ForwardedField> Fields { get; }

    /// <inheritdoc/>
    public override long ContentLength =>
        FindSingle("Content-Length") is { } value ? long.Parse(value, CultureInfo.InvariantCulture) : -1;

    /// <summary>Called by each read of the body, before any byte is given; null for nothing.</summary>
    public Action? Reading { get; set; }

    /// <summary>Whether a read of the body is under way.</summary>
    public bool IsBeingRead { get; private set; }

    /// <summary>Completes when the receiver has disposed it.</summary>
    public Task Disposed => _disposed.Task;

    /// <inheritdoc/>
    public override void Abort() => _body.Writer.TryWrite(([], new Failure(FetchError.HttpResponseIncomplete, "aborted")));

    /// <summary>Adds bytes to the body; one read gives at most one such piece.</summary>
    public FakeOriginResponse Send(string text)
    {
        Assert.True(_body.Writer.TryWrite((Encoding.Latin1.GetBytes(text), Failure.None)));
        return this;
    }

    /// <summary>Ends the body as its framing says.</summary>
    public FakeOriginResponse End()
    {
        _body.Writer.Complete();
        return this;
    }

    /// <summary>Breaks the body off.</summary>
    public FakeOriginResponse Break(FetchError error = FetchError.HttpResponseIncomplete)
    {
        Assert.True(_body.Writer.TryWrite(([], new Failure(error))));
        return End();
    }

    /// <inheritdoc/>
    public override async ValueTask<BodyRead> ReadAsync(Memory<byte> buffer)
    {
        Reading?.Invoke();
        IsBeingRead = true;
        try
        {
            return await ReadNextAsync(buffer);
        }
        finally
        {
            IsBeingRead = false;
        }
    }

    private async ValueTask<BodyRead> ReadNextAsync(Memory<byte> buffer)
    {
        while (_unread.IsEmpty)
        {
            if (!await _body.Reader.WaitToReadAsync(_ct))
            {
                return new BodyRead(0, Failure.None);
            }

            if (_body.Reader.TryRead(out var piece))
            {
                if (piece.Failure.IsError)
                {
                    return new BodyRead(0, piece.Failure);
                }

                _unread = piece.Bytes;
            }
        }

        int count = Math.Min(buffer.Length, _unread.Length);
        _unread[..count].CopyTo(buffer);
        _unread = _unread[count..];
        return new BodyRead(count, Failure.None);
    }

    /// <summary>Lets the sender's token end the reading, as the interface says.</summary>
    internal FakeOriginResponse Bind(CancellationToken ct)
    {
        _ct = ct;
        return this;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _disposed.TrySetResult();
}
