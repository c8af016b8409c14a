namespace Slice.Host.Demo;

/// <summary>What one download, or several at once, took: a row of the table.</summary>
/// <param name="Name">What was done.</param>
internal sealed record DemoRow(string Name)
{
    /// <summary>From the first connection to the last byte of the last client.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>From the first connection until every client had its first byte of the body.</summary>
    public TimeSpan FirstByte { get; init; }

    /// <summary>Body bytes that all clients received.</summary>
    public long Bytes { get; init; }

    /// <summary>What proxy and origin did for it.</summary>
    public DemoCounts Counts { get; init; }

    /// <summary>Bytes per second; 0 when no time passed.</summary>
    public double Throughput => Time > TimeSpan.Zero ? Bytes / Time.TotalSeconds : 0;
}
