using System.Net;
using System.Net.Sockets;
using Slice.Net.Origin;

namespace Slice.Tests.Support;

/// <summary>
/// A name that leads to addresses of documentation (RFC 5737), and those to ports of this machine, over real sockets: the n-th port is
/// <c>192.0.2.n</c>. Thread-safe.
/// </summary>
/// <param name="ports">Where each address leads; 0 for one that never answers.</param>
internal sealed class AddressBook(params int[] ports)
{
    /// <summary>The numbers of the addresses that the name leads to at the next lookup, from 1; all of them at first.</summary>
    public IReadOnlyList<int> Current { get; set; } = [.. Enumerable.Range(1, ports.Length)];

    /// <summary>The resolver.</summary>
    public Task<IPAddress[]> ResolveAsync(string host) =>
        Task.FromResult(Current.Select(number => new IPAddress([192, 0, 2, (byte)number])).ToArray());

    /// <summary>The dialer.</summary>
    public async Task<Socket> DialAsync(IPEndPoint endPoint, CancellationToken ct)
    {
        int port = ports[endPoint.Address.GetAddressBytes()[3] - 1];
        if (port == 0)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
        }

        return await OriginConnector.DialAsync(new IPEndPoint(IPAddress.Loopback, port), ct);
    }
}
