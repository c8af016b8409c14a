using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Slice.Core.Observability;
using Slice.Net.Exchange;
using Slice.Net.Origin;

namespace Slice.Net.Handlers;

/// <summary>
/// Bytes both ways between a client and the origin, each direction at the pace of its receiver, until both have ended. The end of one
/// direction is passed on as such; an error of either side, silence of both for the time allowed, or the end of the process ends the whole.
/// The exchange is told which of them was the first.
/// </summary>
internal sealed class Tunnel : IDisposable
{
    // One read from the origin. The other direction takes what the transport's pipe has, at most its limit.
    private const int BufferBytes = 64 << 10;

    private readonly HttpExchange _exchange;
    private readonly WireConnection _connection;
    private readonly TimeSpan _idleTimeout;
    private readonly SliceMeter _meter;
    private readonly OriginDeadline _deadline;
    private volatile bool _endsAsOne;

    /// <summary>A tunnel between the exchange's client and a connection to the origin, which is the tunnel's from here on.</summary>
    /// <param name="exchange">The exchange; its 101 was written.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="idleTimeout">Longest silence of both sides.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meter">The metrics.</param>
    /// <param name="stopping">Cancelled at the end of the process.</param>
    public Tunnel(
        HttpExchange exchange,
        WireConnection connection,
        TimeSpan idleTimeout,
        TimeProvider time,
        SliceMeter meter,
        CancellationToken stopping)
    {
        _exchange = exchange;
        _connection = connection;
        _idleTimeout = idleTimeout;
        _meter = meter;
        _deadline = new OriginDeadline(time, stopping);
    }

    /// <summary>
    /// Serves both directions and ends both connections: in order when both directions came to an end, else by resetting them.
    /// </summary>
    public async ValueTask RunAsync()
    {
        // A read from the origin takes no notice of a token; the end of its connection ends it.
        using var ending = _deadline.Token.UnsafeRegister(static connection => ((WireConnection)connection!).Abort(), _connection);
        _deadline.Arm(_idleTimeout);
        var upstream = EndTogetherAsync(CopyToOriginAsync());
        bool isOrderly = await EndTogetherAsync(CopyToClientAsync());
        if (await upstream && isOrderly)
        {
            _connection.Dispose();
        }
        else
        {
            // The other side must not take it for an orderly end.
            _connection.Abort();
            _connection.Dispose();
            _exchange.Abort();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _deadline.Dispose();

    // A direction that fails takes the other one with it, after it has said why: what the other one says then is a consequence.
    private async Task<bool> EndTogetherAsync(Task<ExchangeEnding> direction)
    {
        var ending = await direction;
        if (ending == ExchangeEnding.Complete)
        {
            return true;
        }

        // Silent for too long, or ended with the process: that ends our own waits, and looks like a failure of either side.
        _exchange.NoteEnding(_deadline.Token.IsCancellationRequested ? ExchangeEnding.Failed : ending);
        _deadline.Expire();
        return false;
    }

    private async Task<ExchangeEnding> CopyToOriginAsync()
    {
        PipeReader input = _exchange.Body.Input;
        var endingOfFailure = ExchangeEnding.ClientLeft;
        try
        {
            while (true)
            {
                // Also cancelled when draining begins, which a tunnel outlasts until timeouts.shutdown.
                endingOfFailure = ExchangeEnding.ClientLeft;
                var read = await input.ReadAsync(_deadline.Token);
                endingOfFailure = ExchangeEnding.OriginFailed;
                await SendToOriginAsync(input, read.Buffer);
                if (_endsAsOne)
                {
                    return ExchangeEnding.Complete;
                }

                if (read.IsCompleted)
                {
                    await _connection.FinishSendingAsync();
                    return ExchangeEnding.Complete;
                }
            }
        }
        catch (Exception error) when (IsConnectionFailure(error))
        {
            return endingOfFailure;
        }
    }

    private async ValueTask SendToOriginAsync(PipeReader input, ReadOnlySequence<byte> bytes)
    {
        try
        {
            _deadline.Arm(_idleTimeout);
            foreach (var segment in bytes)
            {
                await _connection.WriteAsync(segment, _deadline.Token);
            }
        }
        finally
        {
            input.AdvanceTo(bytes.End);
        }
    }

    private async Task<ExchangeEnding> CopyToClientAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (true)
            {
                int read = await _connection.ReadAsync(buffer, CancellationToken.None);
                if (read == 0 && _connection.WasCutOff)
                {
                    return ExchangeEnding.OriginFailed;
                }

                if (read == 0)
                {
                    EndSendingToClient();
                    return ExchangeEnding.Complete;
                }

                _deadline.Arm(_idleTimeout);
                _meter.BytesFromOrigin.Add(read);
                if (await _exchange.Writer.WriteAsync(buffer.AsMemory(0, read)) != WriteResult.Written)
                {
                    return ExchangeEnding.ClientLeft;
                }

                _exchange.BodyBytes += read;
            }
        }
        catch (Exception error) when (IsConnectionFailure(error))
        {
            // Of the read: a write to the client returns what became of it.
            return ExchangeEnding.OriginFailed;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Reset by its peer, silent for too long, or ended with the process.
    private static bool IsConnectionFailure(Exception error) =>
        error is IOException or OperationCanceledException or ConnectionAbortedException or ObjectDisposedException or HttpRequestException;

    // Under TLS one direction cannot end alone: the connection ends as a whole then, in order, and what was written still arrives.
    private void EndSendingToClient()
    {
        if (!_exchange.Writer.TryFinishSending())
        {
            _endsAsOne = true;
            _exchange.Body.Input.CancelPendingRead();
        }
    }
}
