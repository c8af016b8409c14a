using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// An HTTP/1.1 client at the level of bytes: sends exactly what it is given and reads responses by their framing. Every wait has a
/// deadline; on expiry it throws <see cref="TimeoutException"/> with what had arrived. One reader and one writer at a time; disposing
/// closes.
/// </summary>
public sealed class RawClient : IDisposable
{
    private readonly Socket _socket;
    private readonly WireReader _reader;

    private RawClient(Socket socket)
    {
        _socket = socket;
        _reader = new WireReader(socket);
    }

    /// <summary>Bound on each wait; for a response, on the whole of it. Default <see cref="Support.Deadline.Default"/>.</summary>
    public TimeSpan Deadline { get; set; } = Support.Deadline.Default;

    /// <summary>This end of the connection.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>
    /// Connects. A small <paramref name="receiveBufferBytes"/> (the kernel doubles it) makes a client that does not read stall the sender
    /// early.
    /// </summary>
    public static async Task<RawClient> ConnectAsync(EndPoint endPoint, int? receiveBufferBytes = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
        }

        return await ConnectAsync(socket, endPoint);
    }

    /// <summary>Connects from an address of this machine.</summary>
    public static Task<RawClient> ConnectFromAsync(IPAddress address, EndPoint endPoint) =>
        ConnectFromAsync(new IPEndPoint(address, 0), endPoint);

    /// <summary>Connects from an address and a port of this machine.</summary>
    public static Task<RawClient> ConnectFromAsync(IPEndPoint from, EndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(from);
        return ConnectAsync(socket, endPoint);
    }

    /// <summary>As <see cref="ConnectAsync(EndPoint, int?)"/>, to a loopback port.</summary>
    public static Task<RawClient> ConnectAsync(int port) => ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>One GET on a connection of its own; <paramref name="fields"/> are whole lines without CRLF, after Host.</summary>
    public static Task<RawResponse> GetAsync(EndPoint endPoint, string target, params string[] fields) =>
        AskAsync(endPoint, Request("GET", target, fields));

    /// <summary>One request of these bytes, not HEAD, on a connection of its own.</summary>
    public static async Task<RawResponse> AskAsync(EndPoint endPoint, string request)
    {
        using RawClient client = await ConnectAsync(endPoint);
        await client.SendAsync(request);
        return await client.ReadResponseAsync();
    }

    /// <summary>
    /// One GET on a connection of its own whose body goes to <paramref name="sink"/>; <paramref name="deadline"/> bounds the whole
    /// download.
    /// </summary>
    public static async Task<RawResponse> GetVerifiedAsync(
        EndPoint endPoint, string target, VerifyingSink sink, TimeSpan deadline, params string[] fields)
    {
        using RawClient client = await ConnectAsync(endPoint);
        client.Deadline = deadline;
        await client.SendAsync(Request("GET", target, fields));
        return await client.ReadVerifiedAsync(sink);
    }

    /// <summary>
    /// The text of a request without content: request line, <c>Host: test.example</c>, <paramref name="fields"/>, empty line.
    /// </summary>
    public static string Request(string method, string target, params string[] fields)
        => $"{method} {target} HTTP/1.1\r\nHost: test.example\r\n{string.Concat(fields.Select(field => field + "\r\n"))}\r\n";

    /// <summary>Sends the characters as bytes.</summary>
    public Task SendAsync(string text) => SendAsync(Wire.Bytes(text));

    /// <summary>Sends the bytes; returns when the kernel has them all.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> bytes) => BoundedAsync("send", async ct =>
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, ct)..];
        }

        return 0;
    });

    /// <summary>Closes the sending direction only, as <c>nc -N</c> does; answers can still be read.</summary>
    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with a RST.</summary>
    public void Abort()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    /// <summary>
    /// Reads one response and stores its body. Throws <see cref="EndOfStreamException"/> when it is cut short. <paramref name="method"/>
    /// decides whether there is a body.
    /// </summary>
    public async Task<RawResponse> ReadResponseAsync(string method = "GET") => Whole(await ReadEndingAsync(method));

    /// <summary>
    /// Reads one response, comparing its body byte by byte instead of storing it. The sink's start is the first byte of this body.
    /// </summary>
    public async Task<RawResponse> ReadVerifiedAsync(VerifyingSink sink)
        => Whole(await BoundedAsync("read a response", ct => ReadAsync("GET", sink.Append, ct)));

    /// <summary>As <see cref="ReadVerifiedAsync"/>, for a response that may be cut: <see cref="RawResponse.Ending"/> tells.</summary>
    public Task<RawResponse> ReadVerifiedEndingAsync(VerifyingSink sink) =>
        BoundedAsync("read a response", ct => ReadAsync("GET", sink.Append, ct));

    /// <summary>
    /// As <see cref="ReadResponseAsync"/>, for a response that may be cut: <see cref="RawResponse.Ending"/> tells, and the body has what
    /// arrived.
    /// </summary>
    public async Task<RawResponse> ReadEndingAsync(string method = "GET")
    {
        using var body = new MemoryStream();
        RawResponse response = await BoundedAsync("read a response", ct => ReadAsync(method, body.Write, ct));
        response.Body = body.ToArray();
        return response;
    }

    /// <summary>
    /// Reads one head (after any 1xx) and leaves the body; continue with <see cref="ReadBytesAsync"/>, as a slow reader does.
    /// </summary>
    public Task<RawResponse> ReadHeadAsync() => BoundedAsync("read a head", ReadFinalHeadAsync);

    /// <summary>Reads exactly <paramref name="count"/> bytes from the connection, whatever they are, and no further.</summary>
    public Task<byte[]> ReadBytesAsync(int count) => BoundedAsync($"read {count} bytes", async ct =>
    {
        using var bytes = new MemoryStream(count);
        await _reader.ReadExactlyAsync(count, bytes.Write, ct);
        return bytes.ToArray();
    });

    /// <summary>
    /// Waits for the peer's FIN; throws <see cref="InvalidDataException"/> when bytes come instead, <see cref="SocketException"/> on a RST.
    /// </summary>
    public Task ExpectClosedAsync() => BoundedAsync("the connection closes", async ct =>
    {
        if (!_reader.Buffered.IsEmpty || await _reader.FillAsync(ct))
        {
            throw new InvalidDataException("bytes instead of a close: " + Wire.Show(_reader.Buffered));
        }

        return 0;
    });

    /// <summary>Reads until the peer closes or resets the connection; what came before that.</summary>
    public Task<string> ReadToCloseAsync() => BoundedAsync("the connection ends", async ct =>
    {
        using var bytes = new MemoryStream();
        try
        {
            await _reader.ReadToEndAsync(bytes.Write, ct);
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            // As good an end as any.
        }

        return Wire.Text(bytes.ToArray());
    });

    /// <summary>
    /// Waits for the peer's RST, discarding bytes that arrive before it; throws <see cref="InvalidDataException"/> on a FIN.
    /// </summary>
    public Task ExpectResetAsync() => BoundedAsync("the connection is reset", async ct =>
    {
        try
        {
            await _reader.ReadToEndAsync(_ => { }, ct);
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            return 0;
        }

        throw new InvalidDataException("closed instead of reset");
    });

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    // While nobody listens on a port, the kernel may give that very port to the socket that connects to it: the two ends meet (RFC 9293
    // §3.5), and the client waits for an answer from itself.
    private static async Task<RawClient> ConnectAsync(Socket socket, EndPoint endPoint)
    {
        await Support.Deadline.WithinAsync(socket.ConnectAsync(endPoint), $"connect to {endPoint}");
        if (Equals(socket.LocalEndPoint, socket.RemoteEndPoint))
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        return new RawClient(socket);
    }

    private static RawResponse Whole(RawResponse response)
        => response.Ending == ResponseEnding.Complete ? response : throw new EndOfStreamException("a response was cut short: " + response);

    private static bool IsReset(SocketException exception)
        => exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private async Task<RawResponse> ReadAsync(string method, Action<ReadOnlySpan<byte>> take, CancellationToken ct)
    {
        RawResponse response = await ReadFinalHeadAsync(ct);
        void Count(ReadOnlySpan<byte> bytes)
        {
            response.BodyBytes += bytes.Length;
            take(bytes);
        }

        try
        {
            await ReadBodyAsync(response, method, Count, ct);
        }
        catch (EndOfStreamException)
        {
            response.Ending = ResponseEnding.CutByClose;
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            response.Ending = ResponseEnding.CutByReset;
        }

        return response;
    }

    private async Task<RawResponse> ReadFinalHeadAsync(CancellationToken ct)
    {
        var interim = new List<string>();
        while (true)
        {
            byte[] head = await _reader.ReadHeadAsync(ct);
            var response = head.Length > 0
                ? new RawResponse(Wire.Text(head))
                : throw new EndOfStreamException("closed instead of a response");
            if (response.StatusCode is >= 200 or 101)
            {
                response.InterimHeads = interim;
                return response;
            }

            interim.Add(response.HeadText);
        }
    }

    // RFC 9112 §6.3, in its order.
    private async Task ReadBodyAsync(RawResponse response, string method, Action<ReadOnlySpan<byte>> take, CancellationToken ct)
    {
        if (method == "HEAD" || response.StatusCode is 101 or 204 or 304)
        {
            return;
        }

        if (response.Field("Transfer-Encoding") is not null)
        {
            response.TrailerLines = await _reader.ReadChunkedAsync(take, ct);
        }
        else if (response.Field("Content-Length") is { } length)
        {
            await _reader.ReadExactlyAsync(long.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture), take, ct);
        }
        else
        {
            await _reader.ReadToEndAsync(take, ct);
        }
    }

    private async Task<T> BoundedAsync<T>(string what, Func<CancellationToken, Task<T>> wait)
    {
        CancellationToken testEnded = TestContext.Current.CancellationToken;
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(testEnded);
        expiry.CancelAfter(Deadline);
        try
        {
            return await wait(expiry.Token);
        }
        catch (OperationCanceledException) when (!testEnded.IsCancellationRequested)
        {
            throw new TimeoutException($"not within {Deadline.TotalSeconds} s: {what}; arrived and unread: {Wire.Show(_reader.Buffered)}");
        }
    }
}
