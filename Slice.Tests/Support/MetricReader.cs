using System.Globalization;
using System.Net;

namespace Slice.Tests.Support;

/// <summary>What is read at the metrics port of an instance.</summary>
internal static class MetricReader
{
    /// <summary>The value of a metric, read as Prometheus reads it.</summary>
    /// <param name="endPoint">The metrics port.</param>
    /// <param name="name">Its name without the prefix that all have, with its labels if it has some.</param>
    public static async Task<double> ReadAsync(EndPoint endPoint, string name)
    {
        var response = await RawClient.GetAsync(endPoint, "/metrics");
        string line = response.BodyText.Split('\n').Single(line => line.StartsWith($"pingora_slice_{name} ", StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }
}
