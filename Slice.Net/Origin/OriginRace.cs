using System.Net;
using System.Net.Sockets;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// The attempts of one connect at the addresses of one name (RFC 8305 §5): the next begins when one has failed, or when the latest has
/// brought nothing for <see cref="AttemptDelay"/>. The first that connects wins; the others are ended, and their sockets closed, before
/// the winner is handed over. One user at a time.
/// </summary>
/// <remarks>
/// A winner may turn out to be of no use, because TLS fails. The caller says so by <see cref="Fail"/> and runs the race again, in which
/// those start that have not failed.
/// </remarks>
/// <param name="host">The name they are of, or the only address itself.</param>
/// <param name="endPoints">The addresses in their order.</param>
/// <param name="dial">Opens a TCP connection; <see cref="SocketException"/> when there is none.</param>
/// <param name="memory">Is told of every address that failed or let others overtake it.</param>
/// <param name="time">The clock of the delay.</param>
internal sealed class OriginRace(
    string host,
    IReadOnlyList<IPEndPoint> endPoints,
    Func<IPEndPoint, CancellationToken, Task<Socket>> dial,
    OriginAddressMemory memory,
    TimeProvider time)
{
    /// <summary>
    /// Most attempts that run at once. With one more to try, the oldest is given up: it has had eight times the delay. Arbitrary.
    /// </summary>
    public const int MaxAtOnce = 8;

    /// <summary>The Connection Attempt Delay: 250 ms, as RFC 8305 §8 recommends.</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    private readonly List<IPEndPoint> _waiting = [.. endPoints];
    private readonly List<Attempt> _running = [];
    private readonly List<Loss> _losses = [];

    /// <summary>The next connection. The caller owns the socket.</summary>
    /// <exception cref="OriginConnectException">No address is left.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<(Socket Socket, IPEndPoint EndPoint)> RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                StartNext(ct);
                if (_running.Count == 0)
                {
                    throw Summary();
                }

                if (await FirstToEndAsync() is not { } attempt)
                {
                    await MakeRoomAsync();
                }
                else if (await IsWonAsync(attempt, ct))
                {
                    return (await attempt.Connecting, attempt.EndPoint);
                }
            }
        }
        finally
        {
            await EndOthersAsync(ct.IsCancellationRequested);
        }
    }

    /// <summary>Says that an address gave no connection; when none has, <see cref="Summary"/> tells.</summary>
    public void Fail(IPEndPoint endPoint, FetchError error, string reason)
    {
        _losses.Add(new Loss(endPoint, error, reason));

        // Without a descriptor of ours no address can be blamed.
        if (error != FetchError.DescriptorsExhausted)
        {
            memory.Failed(endPoint);
        }
    }

    /// <summary>
    /// What became of each address that was tried, in words. An address that is the configured one needs no naming: the caller does.
    /// </summary>
    public OriginConnectException Summary()
    {
        var worst = _losses.Find(static loss => loss.Error == FetchError.DescriptorsExhausted)
            ?? _losses.Find(static loss => loss.Error.IsRetryable()) ?? _losses[^1];
        string message = IPAddress.TryParse(host, out _)
            ? worst.Reason
            : string.Join("; ", _losses.Select(static loss => $"{loss.EndPoint.Address}: {loss.Reason}"));
        return new OriginConnectException(worst.Error, message);
    }

    /// <summary>
    /// Says that the caller was cancelled while it waited for an address. The address is to blame only if it has had time enough: a client
    /// that leaves at once says nothing about it (B63).
    /// </summary>
    public void Interrupt(IPEndPoint endPoint, string reason, long begunAt)
    {
        _losses.Add(new Loss(endPoint, FetchError.ConnectionTimeout, reason));
        if (time.GetElapsedTime(begunAt) >= AttemptDelay)
        {
            memory.Failed(endPoint);
        }
    }

    private void StartNext(CancellationToken ct)
    {
        if (_waiting.Count > 0)
        {
            var endPoint = _waiting[0];
            _waiting.RemoveAt(0);
            var cancellation = CancellationTokenSource.CreateLinkedTokenSource(ct);
            _running.Add(new Attempt(endPoint, dial(endPoint, cancellation.Token), cancellation, time.GetTimestamp()));
        }
    }

    // Null when the delay was over before one of them ended.
    private async Task<Attempt?> FirstToEndAsync()
    {
        using var ended = new CancellationTokenSource();
        List<Task> events = [.. _running.Select(static attempt => attempt.Connecting)];
        if (_waiting.Count > 0)
        {
            events.Add(Task.Delay(AttemptDelay, time, ended.Token));
        }

        var first = await Task.WhenAny(events);
        await ended.CancelAsync();
        return _running.Find(attempt => attempt.Connecting == first);
    }

    private async Task MakeRoomAsync()
    {
        if (_running.Count == MaxAtOnce)
        {
            var oldest = _running[0];
            _running.RemoveAt(0);
            await oldest.EndAsync();
            var waited = time.GetElapsedTime(oldest.BegunAt);
            Fail(oldest.EndPoint, FetchError.ConnectionTimeout, $"no answer within {waited.TotalSeconds:0.#} s");
        }
    }

    private async Task<bool> IsWonAsync(Attempt attempt, CancellationToken ct)
    {
        try
        {
            await attempt.Connecting;

            // It came in the moment in which nobody waits any more: it is ended with the others.
            ct.ThrowIfCancellationRequested();
            _running.Remove(attempt);
            attempt.Cancellation.Dispose();
            return true;
        }
        catch (SocketException error)
        {
            ct.ThrowIfCancellationRequested();
            _running.Remove(attempt);
            attempt.Cancellation.Dispose();
            Fail(attempt.EndPoint, KindOf(error.SocketErrorCode), error.Message);
            return false;
        }
    }

    private async Task EndOthersAsync(bool isCancelled)
    {
        foreach (var attempt in _running)
        {
            await attempt.Cancellation.CancelAsync();
        }

        foreach (var attempt in _running)
        {
            await attempt.EndAsync();
            if (isCancelled)
            {
                Interrupt(attempt.EndPoint, "no answer", attempt.BegunAt);
            }
            else if (time.GetElapsedTime(attempt.BegunAt) >= AttemptDelay)
            {
                // Overtaken. One that had begun a moment ago has shown nothing yet.
                memory.Failed(attempt.EndPoint);
            }
        }

        _waiting.InsertRange(0, _running.Select(static attempt => attempt.EndPoint));
        _running.Clear();
    }

    private static FetchError KindOf(SocketError error) => error switch
    {
        SocketError.TooManyOpenSockets => FetchError.DescriptorsExhausted,
        SocketError.TimedOut => FetchError.ConnectionTimeout,
        _ => FetchError.ConnectionRefused,
    };

    private sealed record Loss(IPEndPoint EndPoint, FetchError Error, string Reason);

    private sealed record Attempt(IPEndPoint EndPoint, Task<Socket> Connecting, CancellationTokenSource Cancellation, long BegunAt)
    {
        // It may have connected in the moment in which it was ended: then there is a socket to close.
        public async Task EndAsync()
        {
            await Cancellation.CancelAsync();
            try
            {
                (await Connecting).Dispose();
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // Nothing came of it.
            }

            Cancellation.Dispose();
        }
    }
}
