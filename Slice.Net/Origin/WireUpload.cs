using System.Buffers;
using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// The body of one request on its way to the origin, while the response may come already. Owned by the <see cref="WireExchange"/>, which
/// ends and awaits it.
/// </summary>
internal sealed class WireUpload : IRequestBodySink
{
    private readonly WireConnection _connection;
    private readonly WireRequest _request;
    private readonly IRequestBodySource _body;
    private readonly OriginDeadline _deadline;
    private readonly TimeSpan _patience;
    private readonly bool _isChunked;
    private readonly CancellationTokenSource _ending;
    private readonly Lock _lock = new();
    private bool _isAnswered;

    /// <summary>An upload that has not begun.</summary>
    /// <param name="connection">Where it goes.</param>
    /// <param name="request">What is uploaded.</param>
    /// <param name="deadline">The exchange's: armed while the origin is waited for, and no answer has come.</param>
    /// <param name="patience">How long the origin may take for that.</param>
    public WireUpload(WireConnection connection, WireRequest request, OriginDeadline deadline, TimeSpan patience)
    {
        _connection = connection;
        _request = request;
        _body = request.Body!;
        _deadline = deadline;
        _patience = patience;
        _isChunked = request.IsChunked;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        Completion = Task.CompletedTask;
    }

    /// <summary>Ends when the upload has: never with an exception.</summary>
    public Task Completion { get; private set; }

    /// <summary>Whether the whole body is on its way to the origin.</summary>
    public bool IsSent { get; private set; }

    /// <summary>Begins. The response is read meanwhile.</summary>
    public void Start() => Completion = RunAsync();

    /// <summary>The final response has come: the origin is not waited for any more, whatever it still reads.</summary>
    public void Answered()
    {
        lock (_lock)
        {
            _isAnswered = true;
            _deadline.Disarm();
        }
    }

    /// <summary>
    /// Ends the upload, whole or not. One that the client has sent whole goes to its end, if the origin takes it in time.
    /// </summary>
    public async ValueTask EndAsync()
    {
        if (_body.IsConsumed && !Completion.IsCompleted && !_ending.IsCancellationRequested)
        {
            _deadline.Arm(_patience);
            await Completion;
            _deadline.Disarm();
        }

        await _ending.CancelAsync();
        await Completion;
        _ending.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken ct)
    {
        _request.HasBodyBegun = true;
        foreach (var segment in data)
        {
            await (_isChunked ? WriteChunkAsync(segment, ct) : _connection.WriteAsync(segment, ct));
        }
    }

    /// <inheritdoc/>
    public void IsAwaited(bool isAwaited)
    {
        lock (_lock)
        {
            if (!_isAnswered)
            {
                _deadline.Arm(isAwaited ? _patience : Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await _body.CopyToAsync(this, _ending.Token);
            if (_isChunked)
            {
                await _connection.WriteAsync(ChunkedBody.LastChunk, _ending.Token);
            }

            IsSent = true;
            IsAwaited(true);
        }
        catch (RequestBodyException)
        {
            // Nothing more comes, and nobody waits for an answer to half a request.
            _request.IsBodyBroken = true;
            _deadline.Expire();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The origin takes no more. It may have said why: whoever reads the response learns whether.
            IsAwaited(true);
        }
    }

    private async ValueTask WriteChunkAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkedBody.MaxHeadBytes + data.Length + ChunkedBody.TailBytes);
        try
        {
            data.CopyTo(chunk.AsMemory(ChunkedBody.MaxHeadBytes));
            await _connection.WriteAsync(ChunkedBody.Frame(chunk, data.Length), ct);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
