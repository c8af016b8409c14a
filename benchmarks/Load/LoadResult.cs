using System.Globalization;

namespace Slice.Benchmarks.Load;

/// <summary>What one run measured; one line of JSON in a results file. CPU and memory are 0 when no process was named.</summary>
internal sealed record LoadResult
{
    private const double GibBytes = 1L << 30;

    public required string Work { get; init; }

    public required string Side { get; init; }

    public required long Requests { get; init; }

    public required long Bytes { get; init; }

    public required double Seconds { get; init; }

    public required double LatencyP50Ms { get; init; }

    public required double LatencyP99Ms { get; init; }

    public required double FirstByteP50Ms { get; init; }

    public required double FirstByteP99Ms { get; init; }

    public required double CpuSeconds { get; init; }

    public required double PeakAnonymousMib { get; init; }

    /// <summary>Bodies that broke off and were gone on with.</summary>
    public int Cuts { get; init; }

    public double RequestsPerSecond => Requests / Seconds;

    public double GibPerSecond => Bytes / GibBytes / Seconds;

    public double CpuSecondsPerGib => CpuSeconds * GibBytes / Bytes;

    public double CpuMicrosecondsPerRequest => CpuSeconds * 1e6 / Requests;

    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Work} | {Side}: {Requests} requests, {Bytes} bytes in {Seconds:F2} s = {RequestsPerSecond:F0}/s, {GibPerSecond:F2} GiB/s; "
        + $"latency p50 {LatencyP50Ms:F2} p99 {LatencyP99Ms:F2} ms, first byte p50 {FirstByteP50Ms:F2} p99 {FirstByteP99Ms:F2} ms; "
        + $"server CPU {CpuSeconds:F2} s = {CpuSecondsPerGib:F3} s/GiB, {CpuMicrosecondsPerRequest:F1} µs/request; "
        + $"anonymous {PeakAnonymousMib:F1} MiB");
}
