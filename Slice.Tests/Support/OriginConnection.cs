using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>One accepted connection of a <see cref="ScriptedOrigin"/>: requests one after the other until either side closes.</summary>
internal sealed class OriginConnection(ScriptedOrigin origin, Socket socket, int number) : IDisposable
{
    private readonly WireReader _reader = new(socket);

    public ScriptedOrigin Origin { get; } = origin;

    public Socket Socket { get; } = socket;

    public async Task RunAsync(CancellationToken stopped)
    {
        bool isOpen = true;
        while (isOpen)
        {
            byte[] head = await _reader.ReadHeadAsync(stopped);
            if (head.Length == 0)
            {
                return;
            }

            OriginRequest request = Origin.Record(number, head);
            var exchange = new OriginExchange(this, request, stopped);
            try
            {
                // A client that sent Expect may wait for a 100 that only the script can send (RFC 9110 §10.1.1).
                if (Origin.ReadsBodies && request.Field("Expect") is null)
                {
                    await ReadBodyAsync(request, stopped);
                }

                await Origin.Answer(exchange);
            }
            finally
            {
                Origin.Finished();
            }

            isOpen = !exchange.IsClosed && IsPersistent(request);
        }

        await CloseAsync(stopped);
    }

    public async Task ReadBodyAsync(OriginRequest request, CancellationToken ct)
    {
        using var body = new MemoryStream();
        if (request.Field("Transfer-Encoding") is not null)
        {
            await _reader.ReadChunkedAsync(body.Write, ct);
        }
        else if (request.Field("Content-Length") is { } length)
        {
            await _reader.ReadExactlyAsync(long.Parse(length, System.Globalization.CultureInfo.InvariantCulture), body.Write, ct);
        }

        request.Body = body.ToArray();
    }

    public Task ReadByteAsync(CancellationToken ct) => _reader.ReadExactlyAsync(1, static _ => { }, ct);

    /// <summary>
    /// Discards what the client still sends until it closes. Closing with unread bytes would send a RST, which may overtake the answer.
    /// </summary>
    public async Task DrainAsync(CancellationToken ct)
    {
        try
        {
            await _reader.ReadToEndAsync(_ => { }, ct);
        }
        catch (SocketException)
        {
            // Reset by the client: as closed as can be.
        }
    }

    public void Reset()
    {
        Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        Socket.Dispose();
    }

    public void Dispose() => Socket.Dispose();

    private async Task CloseAsync(CancellationToken stopped)
    {
        if (Socket.SafeHandle.IsClosed)
        {
            return;
        }

        Socket.Shutdown(SocketShutdown.Send);
        await DrainAsync(stopped);
    }

    private static bool IsPersistent(OriginRequest request)
        => !string.Equals(request.Field("Connection"), "close", StringComparison.OrdinalIgnoreCase)
            && request.HeadText.Contains(" HTTP/1.1\r\n", StringComparison.Ordinal);
}
