using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Host.Demo;

/// <summary>One connection to the sample origin: requests without a body, answered one after the other.</summary>
internal sealed class DemoOriginConnection(DemoOrigin origin, ConnectionContext connection)
{
    // The heads of DemoAnswer take a third of this.
    private const int HeadBytes = 1 << 10;

    // Flushed together; Kestrel's limit for unsent bytes is the same.
    private const int BatchBytes = 64 << 10;

    private readonly PipeReader _input = connection.Transport.Input;
    private readonly PipeWriter _output = connection.Transport.Output;
    private readonly RequestHeadParser _parser = new(new RequestHeadLimits());
    private readonly RequestHead _head = new();

    /// <summary>Serves until the client leaves or sends what is not understood.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (await ReadHeadAsync() && await AnswerAsync())
            {
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The proxy closed the connection: it is stopping, or its client left.
        }
        finally
        {
            _head.Reset();
        }
    }

    private async ValueTask<bool> ReadHeadAsync()
    {
        while (true)
        {
            var read = await _input.ReadAsync(connection.ConnectionClosed);
            var status = _parser.Parse(read.Buffer, _head, out var consumed, out var examined, out _);
            _input.AdvanceTo(consumed, examined);
            if (status != RequestHeadStatus.Incomplete || read.IsCompleted || read.IsCanceled)
            {
                return status == RequestHeadStatus.Complete;
            }
        }
    }

    // True when another request may follow.
    private async ValueTask<bool> AnswerAsync()
    {
        origin.BeginAnswer();
        try
        {
            return await SendAnswerAsync();
        }
        finally
        {
            origin.EndAnswer();
        }
    }

    private async ValueTask<bool> SendAnswerAsync()
    {
        if (origin.Latency > TimeSpan.Zero)
        {
            // Real time, no injected clock: the demonstration measures what this wait costs its clients.
            await Task.Delay(origin.Latency, connection.ConnectionClosed);
        }

        var answer = DemoAnswer.To(_head, origin.SizeBytes, origin.LastModified, DateTimeOffset.UtcNow);
        _output.Advance(answer.WriteHead(_output.GetSpan(HeadBytes)));
        return await SendBodyAsync(answer.Body, answer.Seed) && _head.KeepAlive && !_head.HasBody;
    }

    private async ValueTask<bool> SendBodyAsync(ByteRange body, ulong seed)
    {
        while (true)
        {
            int batchBytes = (int)Math.Min(body.Length, BatchBytes);
            origin.CountBody(batchBytes);
            var batch = body with { End = body.Start + batchBytes };
            while (!batch.IsEmpty)
            {
                var room = _output.GetSpan();
                int bytes = (int)Math.Min(room.Length, batch.Length);
                DemoContent.Fill(batch.Start, room[..bytes], seed);
                _output.Advance(bytes);
                batch = batch with { Start = batch.Start + bytes };
            }

            body = body with { Start = batch.End };
            var flushed = await _output.FlushAsync(connection.ConnectionClosed);
            if (flushed.IsCompleted || flushed.IsCanceled || body.IsEmpty)
            {
                return body.IsEmpty;
            }
        }
    }
}
