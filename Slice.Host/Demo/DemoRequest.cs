using System.Globalization;
using System.Net;
using System.Text;
using Slice.Core.Ranges;

namespace Slice.Host.Demo;

/// <summary>A GET that the demonstration sends through the proxy.</summary>
/// <param name="EndPoint">The proxy.</param>
/// <param name="Target">The request-target.</param>
/// <param name="Range">The bytes wanted; all of the object means a request without Range.</param>
/// <param name="SizeBytes">Length of the object.</param>
/// <param name="SilenceLimit">Longest wait for the connection, and then for the next bytes.</param>
internal sealed record DemoRequest(IPEndPoint EndPoint, string Target, ByteRange Range, long SizeBytes, TimeSpan SilenceLimit)
{
    private bool IsForAll => Range == new ByteRange(0, SizeBytes);

    private string RangeOnTheWire => string.Create(CultureInfo.InvariantCulture, $"{Range.Start}-{Range.End - 1}");

    /// <summary>Seed of the object asked for.</summary>
    public ulong Seed => DemoContent.SeedOf(Encoding.ASCII.GetBytes(Target));

    /// <summary>The request as it is sent, for a connection of its own.</summary>
    public byte[] Format()
    {
        string rangeLine = IsForAll ? "" : $"Range: bytes={RangeOnTheWire}\r\n";
        return Encoding.ASCII.GetBytes($"GET {Target} HTTP/1.1\r\nHost: {EndPoint}\r\n{rangeLine}Connection: close\r\n\r\n");
    }

    /// <summary>Checks that a response carries what was asked for.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? FindFault(DemoResponseHead head)
    {
        int expectedStatus = IsForAll ? 200 : 206;
        if (head.Status != expectedStatus)
        {
            return string.Create(CultureInfo.InvariantCulture, $"status {head.Status} instead of {expectedStatus}");
        }

        if (head.ContentLength != Range.Length)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Content-Length {head.ContentLength} instead of {Range.Length}");
        }

        string expectedRange = IsForAll ? "" : string.Create(CultureInfo.InvariantCulture, $"bytes {RangeOnTheWire}/{SizeBytes}");
        return head.ContentRange == expectedRange ? null : $"Content-Range '{head.ContentRange}' instead of '{expectedRange}'";
    }
}
