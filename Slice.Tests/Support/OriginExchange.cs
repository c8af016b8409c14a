using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// One request at a <see cref="ScriptedOrigin"/> and the raw means to answer it. Nothing is added to what the script sends: status line,
/// fields and framing are the script's, right or wrong. Used by one script at a time.
/// </summary>
public sealed class OriginExchange
{
    private readonly OriginConnection _connection;

    internal OriginExchange(OriginConnection connection, OriginRequest request, CancellationToken stopped)
    {
        _connection = connection;
        Request = request;
        Stopped = stopped;
    }

    /// <summary>What was asked.</summary>
    public OriginRequest Request { get; }

    /// <summary>Whether the script closed or reset the connection; there will be no further request on it.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Cancelled when the origin stops; passed to every wait of a script.</summary>
    public CancellationToken Stopped { get; }

    /// <summary>Sends the characters as bytes.</summary>
    public Task SendAsync(string text) => SendAsync(Wire.Bytes(text));

    /// <summary>
    /// Sends the bytes; returns when the kernel has them. Throws <see cref="SocketException"/> when the client is gone, which ends the
    /// script quietly.
    /// </summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int sent = await _connection.Socket.SendAsync(bytes, SocketFlags.None, Stopped);
            _connection.Origin.CountSent(sent);
            bytes = bytes[sent..];
        }
    }

    /// <summary>Sends a complete answer with a Content-Length; <paramref name="fields"/> are whole lines without CRLF.</summary>
    public Task RespondAsync(string statusAndReason, string body = "", params string[] fields)
    {
        string lines = string.Concat(fields.Select(field => field + "\r\n"));
        return SendAsync($"HTTP/1.1 {statusAndReason}\r\n{lines}Content-Length: {body.Length}\r\n\r\n{body}");
    }

    /// <summary>
    /// Waits for the test to open <paramref name="gate"/> (a <see cref="TaskCompletionSource"/>'s task), or for the origin to stop.
    /// </summary>
    public Task WaitAsync(Task gate) => gate.WaitAsync(Stopped);

    /// <summary>
    /// Reads the request's content when the origin left it unread (<see cref="ScriptedOrigin.ReadsBodies"/>, or Expect); afterwards it is
    /// in <see cref="OriginRequest.Body"/>.
    /// </summary>
    public Task ReadBodyAsync() => _connection.ReadBodyAsync(Request, Stopped);

    /// <summary>
    /// Reads the next byte of the request's content, as it was sent: for an origin that does not read bodies by itself, and without a
    /// coding.
    /// </summary>
    public Task ReadByteAsync() => _connection.ReadByteAsync(Stopped);

    /// <summary>Ends the answer with a FIN: what was sent still arrives, then the client sees the end of the stream.</summary>
    public Task CloseAsync()
    {
        IsClosed = true;
        _connection.Socket.Shutdown(SocketShutdown.Send);
        return Task.CompletedTask;
    }

    /// <summary>Ends the connection with a RST: bytes that the client has not read yet may be lost.</summary>
    public Task ResetAsync()
    {
        IsClosed = true;
        _connection.Reset();
        return Task.CompletedTask;
    }

    /// <summary>Returns when the client has closed or reset the connection; requests that it pipelined meanwhile are discarded.</summary>
    public async Task ClientClosedAsync()
    {
        IsClosed = true;
        await _connection.DrainAsync(Stopped);
    }
}
