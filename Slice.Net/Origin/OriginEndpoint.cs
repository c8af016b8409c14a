using Slice.Core.Options;

namespace Slice.Net.Origin;

/// <summary>One address of the origin as requests need it. Immutable.</summary>
/// <param name="Name">Scheme, host and port: for logs, metrics and <see cref="Core.Fetching.Failure.Origin"/>.</param>
/// <param name="Root">What a request-target is appended to.</param>
internal sealed record OriginEndpoint(string Name, string Root)
{
    /// <summary>The address as configured.</summary>
    public static OriginEndpoint Of(Uri address) => new(OriginAddress.Format(address), address.GetLeftPart(UriPartial.Authority));
}
