using System.Globalization;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>One try of a request at one address of the origin, for the log. Valid during the call that hands it out.</summary>
/// <param name="Address">Name of the address.</param>
/// <param name="Ours">The request, when it is one of ours; else null.</param>
/// <param name="Clients">The request, when it is a client's own; else null.</param>
/// <param name="Status">Status of the answer; 0 for none.</param>
/// <param name="Failure">Why there is none.</param>
/// <param name="Duration">From the begin of the try, connecting included, to the response head or the failure.</param>
internal readonly record struct OriginTry(
    string Address, OriginRequest? Ours, WireRequest? Clients, int Status, Failure Failure, TimeSpan Duration)
{
    /// <summary>The id of the request on behalf of which it was made; empty when there is none.</summary>
    public string RequestId => Ours?.Template.RequestId ?? Clients?.RequestId ?? "";

    /// <summary>Method and target.</summary>
    public string Request => Ours is { } ours ? "GET " + ours.Template.Target : Clients?.MethodAndTarget ?? "";

    /// <summary>The bytes that were asked for; empty for all, and for a client's own request.</summary>
    public string Range => Ours?.Range is { } range
        ? string.Create(CultureInfo.InvariantCulture, $"{range.Start}-{range.End - 1}")
        : "";
}
