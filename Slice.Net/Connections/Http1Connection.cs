using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Slice.Core.Http;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>
/// The life of one HTTP/1.1 connection: reads a head, lets a handler answer it, and again, until one side wants no more
/// (RFC 9112 §9). Pipelined requests are answered one after the other, in order.
/// </summary>
internal sealed class Http1Connection : IClientConnection
{
    // What a client may still send after we have refused the rest. Arbitrary.
    private const long MaxLingerBytes = 1 << 20;

    private readonly ConnectionContext _transport;
    private readonly ConnectionServices _services;
    private readonly IRequestHandler _handler;
    private readonly PipeReader _input;
    private readonly Socket? _transportSocket;
    private readonly Socket? _socket;
    private readonly ThreadTurn? _turn;
    private readonly ConnectionDeadlines _deadlines;
    private readonly ClientShare _share;
    private readonly RequestHead _head = new();
    private readonly RequestHeadParser _parser;
    private readonly HttpExchange _exchange;
    private readonly CancellationToken _draining;
    private ClientPresence? _presence;
    private RequestSettings _settings;
    private RequestRejection _rejection;
    private ClientAddress _paced;
    private bool _isLate;
    private bool _isAborted;
    private bool _mustLinger;

    /// <summary>A connection over the transport that Kestrel accepted.</summary>
    public Http1Connection(ConnectionContext transport, ConnectionServices services, IRequestHandler handler)
    {
        _transport = transport;
        _services = services;
        _handler = handler;
        _input = transport.Transport.Input;
        _settings = services.Settings.Current;
        _parser = new RequestHeadParser(_settings.HeadLimits);
        var socket = _transportSocket = transport.Features.Get<IConnectionSocketFeature>()?.Socket;
        _turn = socket is null ? null : new ThreadTurn(services.Turns, services.Time);
        _deadlines = new ConnectionDeadlines(_settings.Timeouts, services.Time, () => ClientProgress.BytesTaken(socket), OnExpired);
        _draining = transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;

        // Under TLS the socket carries what the TLS layer makes of our bytes.
        var tls = transport.Features.Get<ISslStreamFeature>()?.SslStream;
        IsTls = tls is not null;
        _socket = IsTls ? null : socket;
        Writer = _socket is not null ? new SocketClientWriter(_socket, _deadlines)
            : tls is null ? new PipeClientWriter(transport.Transport.Output, _deadlines)
            : new PipeClientWriter(PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)), _deadlines);
        Body = new RequestBodyReader(
            _input, () => new ConnectionDeadlines(_settings.Timeouts, services.Time, static () => 0, OnExpired), services.Sweeper);
        _exchange = new HttpExchange(this, _head, services.Time);
        _share = new ClientShare(services, _exchange.Client);
    }

    private enum HeadRead
    {
        Complete,
        Rejected,
        Closed,
    }

    /// <inheritdoc/>
    public ClientWriter Writer { get; }

    /// <inheritdoc/>
    public ClientRequestBody Body { get; }

    /// <inheritdoc/>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <inheritdoc/>
    public bool IsTls { get; }

    /// <inheritdoc/>
    /// <remarks>
    /// The transport's own token tells no FIN from a reset. Asked for by the exchange's own flow only, so nothing is made twice.
    /// </remarks>
    public CancellationToken Closed =>
        (_presence ??= new ClientPresence(_services, _transportSocket, _settings.Timeouts, _transport.ConnectionClosed)).Gone;

    /// <summary>Serves the connection until it ends. Never throws for anything a client or an origin can do.</summary>
    public async Task RunAsync()
    {
        if (!_share.TryConnect(_settings))
        {
            Abort();
            return;
        }

        KeepPace();
        _services.Story?.ConnectionChanged(RemoteEndPoint, isOpen: true);
        _services.Sweeper.Add(_deadlines);
        _services.Turns.Enter();
        using var whenDraining = _draining.UnsafeRegister(static input => ((PipeReader)input!).CancelPendingRead(), _input);
        try
        {
            while (await ServeOneAsync())
            {
            }

            await LingerAsync();
            await EndTlsAsync();
        }
        catch (Exception error) when (IsClients(error))
        {
            // The client left while a handler waited on its behalf. If it is still there after all, it must not take what it got for whole.
            Abort();
        }
        catch (Exception error)
        {
            // The edge of the connection: what arrives here is a defect of ours. It costs this connection, not the process.
            _services.Log.Unexpected(error);
            Abort();
        }
        finally
        {
            _services.Story?.ConnectionChanged(RemoteEndPoint, isOpen: false);
            _services.Turns.Leave();
            _services.Sweeper.Remove(_deadlines);
            _presence?.Dispose();
            _share.Leave();
            _exchange.Release();
            _exchange.Close();
            _head.Reset();
        }
    }

    // Serves one request; true when another may follow.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeOneAsync()
    {
        switch (await ReadHeadAsync())
        {
            case HeadRead.Closed:
                return false;
            case HeadRead.Rejected:
                await RejectAsync();
                return false;
        }

        if (_turn?.IsOver() == true)
        {
            await _turn;
        }

        _services.Observer.Began();
        try
        {
            _exchange.StartRequest(_settings, mayKeepAlive: !_draining.IsCancellationRequested && !_isLate);
            _exchange.Story = _services.Story?.IfHeard;
            _exchange.Story?.Began(_exchange);
            if (_exchange.Client.Address != _paced)
            {
                // A proxy has sent the request of another client.
                KeepPace();
            }

            if (!await _share.TryRefuseAsync(_exchange))
            {
                await _handler.HandleAsync(_exchange);
            }
        }
        catch (Exception error)
        {
            _exchange.NoteEnding(IsClients(error) ? ExchangeEnding.ClientLeft : ExchangeEnding.Failed);
            throw;
        }
        finally
        {
            FinishExchange();
        }

        // What the client may still send must not turn the end of a response that was cut off into a reset.
        _mustLinger = !_exchange.Body.IsConsumed || _exchange.IsAborted;
        return _exchange.KeepAlive && _exchange.Body.IsConsumed && !_isAborted;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<HeadRead> ReadHeadAsync()
    {
        bool hasBegun = false;
        bool isLast = false;
        _deadlines.ArmKeepAlive(_exchange.EndedAt);
        while (true)
        {
            if (!_input.TryRead(out var read))
            {
                // Nothing is waiting: an idle connection holds no buffer.
                if (!hasBegun)
                {
                    _head.Reset();
                    if (_draining.IsCancellationRequested && !AwaitsLastRequest(ref isLast))
                    {
                        // The cancellation that said so may have met a read of the last request's body.
                        return HeadRead.Closed;
                    }
                }

                read = await _input.ReadAsync();
            }

            var buffer = read.Buffer;
            bool isEmpty = buffer.IsEmpty;
            if (!hasBegun && !isEmpty)
            {
                // The request begins here: what is set from now on is for the one after it.
                TakeSettings();
            }

            var status = _parser.Parse(buffer, _head, out var consumed, out var examined, out _rejection);
            _input.AdvanceTo(consumed, examined);
            if (status == RequestHeadStatus.Complete)
            {
                // One that was complete a moment after its time is answered all the same, and is the last: its next read is cancelled.
                _isLate = !_deadlines.Disarm();
                return HeadRead.Complete;
            }

            if (status == RequestHeadStatus.Rejected)
            {
                _deadlines.Disarm();
                return HeadRead.Rejected;
            }

            if (read.IsCompleted)
            {
                return HeadRead.Closed;
            }

            if (read.IsCanceled && _deadlines.HasPassed && hasBegun)
            {
                _rejection = RequestRejection.HeadTimedOut;
                return HeadRead.Rejected;
            }

            if (read.IsCanceled && (_deadlines.HasPassed || (isEmpty && !AwaitsLastRequest(ref isLast))))
            {
                // Idle too long, or the process is ending and nothing has been asked.
                return HeadRead.Closed;
            }

            if (!hasBegun && !isEmpty)
            {
                hasBegun = true;
                _deadlines.ArmRequestHead();
            }
        }
    }

    // The instance stops: whether a request that is on its way may still come. Asked again, the wait that has begun goes on.
    private bool AwaitsLastRequest(ref bool isAwaited)
    {
        if (_services.AwaitsLastRequest && !isAwaited)
        {
            isAwaited = true;
            _deadlines.ArmLastRequest();
            _services.Sweeper.Hasten();
        }

        return isAwaited;
    }

    private async ValueTask RejectAsync()
    {
        _mustLinger = true;
        _services.Log.Rejected(_transport.RemoteEndPoint, _rejection.GetStatus(), _rejection.GetReason());
        _services.Observer.Began();
        _exchange.StartRefused(_settings);
        try
        {
            await ErrorResponder.WriteErrorAsync(_exchange, _rejection.GetStatus(), _rejection.GetReason());
        }
        finally
        {
            FinishExchange();
        }
    }

    private void TakeSettings()
    {
        var settings = _services.Settings.Current;
        if (settings != _settings)
        {
            _settings = settings;
            _parser.Limit(settings.HeadLimits);
            _deadlines.Timeouts = settings.Timeouts;
            KeepPace();
            if (_presence is not null)
            {
                _presence.Timeouts = settings.Timeouts;
            }
        }
    }

    private void KeepPace()
    {
        _paced = _exchange.Client.Address;
        var pace = _share.PaceUnder(_settings);
        Writer.Keep(pace, pace is null ? CancellationToken.None : Closed);
    }

    // A pipe of the transport that was aborted, or reset by its peer; a wait on behalf of a client that has left.
    private static bool IsClients(Exception error) =>
        error is OperationCanceledException or ConnectionResetException or ConnectionAbortedException or IOException;

    // Closing a socket with unread bytes makes the kernel send a reset, which can overtake and destroy our last answer (RFC 9112
    // §9.6): say that we are done, and read the rest away for a bounded time.
    private async ValueTask LingerAsync()
    {
        if (_isAborted || !_mustLinger || !_exchange.Writer.TryFinishSending())
        {
            return;
        }

        _deadlines.ArmLinger();
        long discarded = 0;
        while (discarded < MaxLingerBytes)
        {
            var read = await _input.ReadAsync();
            discarded += read.Buffer.Length;
            _input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || read.IsCanceled)
            {
                break;
            }
        }

        _deadlines.Disarm();
    }

    private ValueTask EndTlsAsync() =>
        _isAborted || _exchange.IsAborted ? ValueTask.CompletedTask : TlsEnding.SendAsync(_transport, _deadlines);

    private void FinishExchange()
    {
        var record = _exchange.Finish();
        _turn?.Answered(_exchange.EndedAt, record.BodyBytes);
        _exchange.Story?.Finished(record);
        _exchange.Story = null;
        if (record.Ending == ExchangeEnding.ClientLeft && record.Head is { HasBody: true } && !Body.IsConsumed)
        {
            _services.Log.UploadCut(_exchange);
        }

        _services.Observer.Finished(record);
        _exchange.Release();
    }

    // On the sweeper's thread. First the cause, then the abort: whoever is woken by the abort finds the cause (ClientWriter.HasTimedOut).
    private void OnExpired(DeadlineKind kind)
    {
        if (kind == DeadlineKind.Send)
        {
            Writer.TimeOut();
            Abort();
        }
        else
        {
            _input.CancelPendingRead();
        }
    }

    /// <inheritdoc/>
    public void Abort()
    {
        _isAborted = true;
        try
        {
            // A reset instead of an orderly end: also a client that takes the end of the connection for the end of the body notices.
            if (_socket is not null)
            {
                _socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already; the client noticed.
        }

        _transport.Abort();
    }
}
