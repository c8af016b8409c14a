using System.Net;
using System.Net.Sockets;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Looks names up. Nothing is kept, so each new connection sees what the resolver says by then; but those who ask for a name while it is
/// being looked up share the answer. A lookup cannot be ended and holds a thread: there is one of each name at most. Thread-safe.
/// </summary>
/// <remarks>
/// getaddrinfo(3) asks for both families in one call and answers when it has both, so there is no Resolution Delay (RFC 8305 §3).
/// </remarks>
/// <param name="resolve">Asks the resolver; <see cref="SocketException"/> when it has no answer.</param>
internal sealed class OriginNames(Func<string, Task<IPAddress[]>> resolve)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<Answer>> _lookups = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The addresses of a name, in the resolver's order.</summary>
    /// <exception cref="OriginConnectException">There are none; the message names the host and says why.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled; others still get the answer.</exception>
    public async Task<IPAddress[]> LookUpAsync(string host, CancellationToken ct)
    {
        var answer = await Join(host).WaitAsync(ct);
        return answer.Failure is null ? answer.Addresses : throw NewException(host, answer.Failure);
    }

    private Task<Answer> Join(string host)
    {
        lock (_lock)
        {
            if (!_lookups.TryGetValue(host, out var lookup) || lookup.IsCompleted)
            {
                foreach (var (name, _) in _lookups.Where(static other => other.Value.IsCompleted).ToArray())
                {
                    _lookups.Remove(name);
                }

                _lookups[host] = lookup = AskAsync(host);
            }

            return lookup;
        }
    }

    // Fails by value: those who wait may all have left when the answer comes.
    private async Task<Answer> AskAsync(string host)
    {
        try
        {
            var addresses = await resolve(host);
            return new Answer(addresses, addresses.Length == 0 ? new SocketException((int)SocketError.NoData) : null);
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            return new Answer([], error);
        }
    }

    private static OriginConnectException NewException(string host, Exception failure)
    {
        if (IsOutOfDescriptors())
        {
            // The resolver opens files and sockets, and says of a lack of descriptors what it says of any name.
            return new OriginConnectException(
                FetchError.DescriptorsExhausted, $"no file descriptor to look the name {host} up", failure);
        }

        string reason = failure is not SocketException { SocketErrorCode: var code } ? failure.Message : code switch
        {
            SocketError.HostNotFound or SocketError.NoData => $"the name {host} has no address",
            SocketError.TryAgain => $"the name {host} cannot be looked up at the moment: no name server answers",
            SocketError.NoRecovery => $"the name {host} cannot be looked up: the name server refuses to answer",
            _ => $"the name {host} cannot be looked up: {failure.Message}",
        };
        return new OriginConnectException(FetchError.DnsError, reason, failure);
    }

    private static bool IsOutOfDescriptors()
    {
        try
        {
            new Socket(SocketType.Stream, ProtocolType.Tcp).Dispose();
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.TooManyOpenSockets;
        }
    }

    private readonly record struct Answer(IPAddress[] Addresses, Exception? Failure);
}
