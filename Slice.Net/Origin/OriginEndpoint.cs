using System.Globalization;
using System.Net;
using Slice.Core.Origin;
using Slice.Core.Options;

namespace Slice.Net.Origin;

/// <summary>One address of the origin as requests need it. Immutable.</summary>
/// <param name="Name">Scheme, host and port: for logs, metrics and <see cref="Failure.Origin"/>.</param>
/// <param name="Root">What a request-target is appended to, as the pool is told: always <c>http</c>, see <see cref="OriginTls"/>.</param>
/// <param name="Host">The Host field that names this address (RFC 9110 §7.2): without the port when it is the scheme's own.</param>
/// <param name="EndPoint">Where connections go.</param>
internal sealed record OriginEndpoint(string Name, string Root, string Host, DnsEndPoint EndPoint)
{
    /// <summary>The address as configured.</summary>
    public static OriginEndpoint Of(Uri address) =>
        new(
            OriginAddress.Format(address),
            string.Create(CultureInfo.InvariantCulture, $"http://{address.Host}:{address.Port}"),
            address.Authority,
            new DnsEndPoint(address.Host, address.Port));
}
