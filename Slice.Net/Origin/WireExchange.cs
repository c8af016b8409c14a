using System.Buffers;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// One request over one <see cref="WireConnection"/>, up to its final response head: sends the head, uploads the body while it reads, and
/// passes interim responses on. Owns connection and deadline until <see cref="SendAsync"/> has a response, which takes them over.
/// </summary>
/// <param name="connection">The connection, idle or new.</param>
/// <param name="request">The request.</param>
/// <param name="deadline">Armed for each wait for the origin.</param>
/// <param name="timeouts">How long each may take.</param>
/// <param name="pool">Where the connection goes afterwards.</param>
/// <param name="time">The clock.</param>
internal sealed class WireExchange(
    WireConnection connection, WireRequest request, OriginDeadline deadline, TimeoutOptions timeouts, WirePool pool, TimeProvider time)
{
    // A client that asks whether it may send waits about as long (curl: 1 s) before it sends all the same. Some wait for ever, and some
    // origins never say 100.
    private static readonly TimeSpan s_continueGrace = TimeSpan.FromSeconds(1);

    private WireUpload? _upload;

    /// <summary>
    /// Whether the connection was kept and turned out to be of no use before an answer: the origin had closed it meanwhile, or bytes came
    /// that begin no response, such as a late body behind the answer to a HEAD.
    /// </summary>
    public bool MetSpentConnection { get; private set; }

    /// <summary>Whether the request was sent whole.</summary>
    public bool IsSent => _upload is null or { IsSent: true };

    /// <summary>Sends the request and waits for the final response head.</summary>
    /// <returns>The response, or the failure. Nothing is left open with a failure but the deadline, which stays the caller's.</returns>
    /// <exception cref="OperationCanceledException">The deadline's token was cancelled.</exception>
    public async ValueTask<OriginResult> SendAsync()
    {
        bool isHandedOver = false;
        try
        {
            connection.Begin();
            deadline.Arm(timeouts.FirstByte);
            var fault = await SendAndReadAsync();
            isHandedOver = fault == ResponseFault.None;
            return isHandedOver ? new OriginResult(NewResponse(), Failure.None) : new OriginResult(null, FailureOf(fault));
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            MetSpentConnection = connection.Requests > 1 && !connection.HasReceived;
            return new OriginResult(null, OriginFailures.OfConnection(connection.Endpoint, error.Message));
        }
        finally
        {
            if (!isHandedOver)
            {
                // First the connection: an upload that is being written ends with it.
                connection.Abort();
                await (_upload?.EndAsync() ?? ValueTask.CompletedTask);
                connection.Dispose();
            }
        }
    }

    private async ValueTask<ResponseFault> SendAndReadAsync()
    {
        await SendHeadAsync();
        if (request.Body is not null)
        {
            _upload = new WireUpload(connection, request, deadline, timeouts.FirstByte);
            _upload.Start();
        }

        var fault = request is { ExpectsContinue: true, InterimResponses: { } client }
            ? await ReadExpectedAsync(client)
            : await ReadFinalHeadAsync();
        _upload?.Answered();
        deadline.Disarm();
        return fault;
    }

    private async ValueTask<ResponseFault> ReadExpectedAsync(IInterimResponses client)
    {
        using var answered = new CancellationTokenSource();
        var grace = GrantAsync(client, answered.Token);
        try
        {
            return await ReadFinalHeadAsync();
        }
        finally
        {
            await answered.CancelAsync();
            await grace;
        }
    }

    private async ValueTask SendHeadAsync()
    {
        int length = request.BytesFor(connection.Endpoint);
        byte[] head = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            request.WriteHead(connection.Endpoint, head);
            await connection.WriteAsync(head.AsMemory(0, length), deadline.Token);
        }
        catch (IOException)
        {
            // The origin has closed its side. What it said before that, a 408 for instance, may still be here.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(head);
        }
    }

    private async ValueTask<ResponseFault> ReadFinalHeadAsync()
    {
        while (true)
        {
            var fault = await connection.ReadHeadAsync(deadline.Token);
            if (fault != ResponseFault.None)
            {
                return fault;
            }

            var head = connection.Head;
            if (!head.IsInterim)
            {
                return head.IsSwitchingProtocols && !request.IsUpgrade ? ResponseFault.UnrequestedUpgrade : ResponseFault.None;
            }

            if (request.InterimResponses is { } client)
            {
                await client.SendAsync(head);
            }

            // An interim response says that the origin is at work (RFC 9110 §15.2).
            if (_upload is null or { IsSent: true })
            {
                deadline.Arm(timeouts.FirstByte);
            }
        }
    }

    private async Task GrantAsync(IInterimResponses client, CancellationToken answered)
    {
        try
        {
            await Task.Delay(s_continueGrace, time, answered);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (!request.HasBodyBegun)
        {
            await client.SendContinueAsync();
        }
    }

    private WireResponse NewResponse()
    {
        connection.IsPrivate |= request.BindsConnection || BindsConnection(connection.Head);
        return new WireResponse(connection, request, _upload, deadline, timeouts, pool);
    }

    // An origin that offers such a login has begun to know the connection: the client answers on it.
    private static bool BindsConnection(ResponseHead head)
    {
        if (head.Status is not (401 or 407))
        {
            return false;
        }

        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            if (ConnectionLogins.IsChallenge(head.Fields.NameAt(index)) && ConnectionLogins.IsFor(head.Fields.ValueAt(index)))
            {
                return true;
            }
        }

        return false;
    }

    private Failure FailureOf(ResponseFault fault)
    {
        if (fault != ResponseFault.HeadCutOff)
        {
            MetSpentConnection = connection.Requests > 1 && fault == ResponseFault.InvalidStatusLine;
            return OriginFailures.InvalidResponse(connection.Endpoint, fault);
        }

        MetSpentConnection = connection is { Requests: > 1, HasReceived: false };
        return OriginFailures.OfConnection(
            connection.Endpoint,
            connection.HasReceived ? "the connection ended within the response head" : "the connection ended without an answer");
    }
}
