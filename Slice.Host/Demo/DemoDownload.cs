using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Slice.Host.Demo;

/// <summary>One download over a plain socket, with every byte of the body checked. Run it once.</summary>
internal sealed class DemoDownload : IDisposable
{
    // Holds any head; large enough that system calls do not dominate the checking.
    private const int BufferBytes = 128 << 10;

    private readonly DemoRequest _request;
    private readonly Action<int> _received;
    private readonly CancellationToken _ct;
    private readonly CancellationTokenSource _silence;
    private readonly Socket _socket;
    private readonly DemoChecker _checker;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);

    /// <summary>A download that has not begun.</summary>
    /// <param name="request">What to ask for.</param>
    /// <param name="received">Called with a number of body bytes whenever so many were found right.</param>
    /// <param name="ct">Ends it at once.</param>
    private DemoDownload(DemoRequest request, Action<int> received, CancellationToken ct)
    {
        _request = request;
        _received = received;
        _ct = ct;
        _silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _socket = new Socket(request.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _checker = new DemoChecker(request.Seed, request.Range.Start);
    }

    /// <summary>Runs one download from its connection to the end of it.</summary>
    /// <exception cref="DemoFailureException">A byte differs, the body is not the one asked for, or it stays out.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static async Task<DemoArrival> RunAsync(DemoRequest request, Action<int> received, CancellationToken ct)
    {
        using var download = new DemoDownload(request, received, ct);
        return await download.RunAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _silence.Dispose();
        _checker.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private async Task<DemoArrival> RunAsync()
    {
        try
        {
            // Real time, no injected clock: the proxy answers over a real socket. So it is below, for each next piece of the answer.
            _silence.CancelAfter(_request.SilenceLimit);
            await _socket.ConnectAsync(_request.EndPoint, _silence.Token);
            await _socket.SendAsync(_request.Format(), _silence.Token);
            return await ReadResponseAsync();
        }
        catch (OperationCanceledException error)
        {
            _ct.ThrowIfCancellationRequested();
            throw Failure($"nothing arrived for {_request.SilenceLimit.TotalSeconds:0.###} s", error);
        }
        catch (SocketException error)
        {
            _ct.ThrowIfCancellationRequested();
            throw Failure(error.Message, error);
        }
    }

    private async Task<DemoArrival> ReadResponseAsync()
    {
        int filled = 0;
        int headBytes;
        DemoResponseHead head;
        while (!DemoResponseHead.TryRead(_buffer.AsSpan(0, filled), out head, out headBytes))
        {
            int bytes = await ReceiveAsync(filled);
            filled += bytes > 0 ? bytes : throw Failure("the connection ended inside the head of the response");
        }

        if (_request.FindFault(head) is { } fault)
        {
            throw Failure(fault);
        }

        return await ReadBodyAsync(headBytes, filled);
    }

    private async Task<DemoArrival> ReadBodyAsync(int start, int end)
    {
        long firstByteAt = 0;
        while (_checker.Position < _request.Range.End)
        {
            if (start == end)
            {
                start = 0;
                end = await ReceiveAsync(0);
            }

            firstByteAt = firstByteAt == 0 ? Stopwatch.GetTimestamp() : firstByteAt;
            Check(start, end);
            start = end;
        }

        long lastByteAt = Stopwatch.GetTimestamp();

        // The proxy closes the connection after it has counted the request: from here on its figures include this download.
        return await ReceiveAsync(0) == 0 ? new DemoArrival(firstByteAt, lastByteAt) : throw Failure("bytes follow the end of the body");
    }

    private void Check(int start, int end)
    {
        long left = _request.Range.End - _checker.Position;
        if (start == end)
        {
            throw Failure($"the connection ended {left} bytes before the end of the body");
        }

        if (end - start > left)
        {
            throw Failure("bytes follow the end of the body");
        }

        if (!_checker.TryTake(_buffer.AsSpan(start, end - start)))
        {
            throw Failure($"wrong byte at position {_checker.Position}");
        }

        _received(end - start);
    }

    private ValueTask<int> ReceiveAsync(int offset)
    {
        _silence.CancelAfter(_request.SilenceLimit);
        return _socket.ReceiveAsync(_buffer.AsMemory(offset), _silence.Token);
    }

    private DemoFailureException Failure(FormattableString reason, Exception? inner = null) =>
        new($"GET {_request.Target}: {reason.ToString(CultureInfo.InvariantCulture)}", inner);

    private DemoFailureException Failure(string reason, Exception? inner = null) => new($"GET {_request.Target}: {reason}", inner);
}
