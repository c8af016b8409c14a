using System.Globalization;

namespace Slice.Benchmarks.Load;

/// <summary>
/// What one run measured; one line of JSON in a results file. What was not measured is 0, as CPU and memory without a process.
/// </summary>
internal sealed record LoadResult
{
    private const double GibBytes = 1L << 30;

    public required string Work { get; init; }

    public required string Side { get; init; }

    public long Requests { get; init; }

    public long Bytes { get; init; }

    public double Seconds { get; init; }

    public double LatencyP50Ms { get; init; }

    public double LatencyP99Ms { get; init; }

    public double LatencyP999Ms { get; init; }

    public double LatencyMaxMs { get; init; }

    public double FirstByteP50Ms { get; init; }

    public double FirstByteP99Ms { get; init; }

    public double CpuSeconds { get; init; }

    public double PeakAnonymousMib { get; init; }

    /// <summary>Bodies that broke off and were gone on with.</summary>
    public int Cuts { get; init; }

    /// <summary>Why there is nothing else here; null for a run that went well.</summary>
    public string? Failure { get; init; }

    public double RequestsPerSecond => Per(Requests, Seconds);

    public double GibPerSecond => Per(Bytes / GibBytes, Seconds);

    public double CpuSecondsPerGib => Per(CpuSeconds * GibBytes, Bytes);

    public double CpuMicrosecondsPerRequest => Per(CpuSeconds * 1e6, Requests);

    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Work} | {Side}: {Requests} requests, {Bytes} bytes in {Seconds:F2} s = {RequestsPerSecond:F0}/s, {GibPerSecond:F2} GiB/s; "
        + $"latency p50 {LatencyP50Ms:F2} p99 {LatencyP99Ms:F2} p99.9 {LatencyP999Ms:F2} ms, "
        + $"first byte p50 {FirstByteP50Ms:F2} p99 {FirstByteP99Ms:F2} ms; "
        + $"server CPU {CpuSeconds:F2} s = {CpuSecondsPerGib:F3} s/GiB, {CpuMicrosecondsPerRequest:F1} µs/request; "
        + $"anonymous {PeakAnonymousMib:F1} MiB");

    // 0 where nothing was counted to divide by: JSON has no infinity.
    private static double Per(double value, double count) => count > 0 ? value / count : 0;
}
