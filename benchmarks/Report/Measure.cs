using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Report;

/// <summary>A figure of a run: its name in a list of comparisons, its title with the unit, and how it is read and printed.</summary>
internal sealed record Measure(string Name, string Title, string Format, bool IsLowerBetter, Func<LoadResult, double> Of)
{
    private const double MibBytes = 1L << 20;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Measure> All { get; } =
    [
        new("cpu-gib", "CPU s/GiB", "F3", true, run => run.CpuSecondsPerGib),
        new("cpu-request", "CPU µs/request", "F1", true, run => run.CpuMicrosecondsPerRequest),
        new("requests", "requests/s", "F0", false, run => run.RequestsPerSecond),
        new("speed", "GiB/s", "F3", false, run => run.GibPerSecond),
        new("p50", "p50 ms", "F2", true, run => run.LatencyP50Ms),
        new("p99", "p99 ms", "F2", true, run => run.LatencyP99Ms),
        new("p99.9", "p99.9 ms", "F2", true, run => run.LatencyP999Ms),
        new("slowest", "slowest ms", "F1", true, run => run.LatencyMaxMs),
        new("first-byte", "first byte p50 ms", "F2", true, run => run.FirstByteP50Ms),
        new("memory", "anonymous MiB", "F1", true, run => run.PeakAnonymousMib),
        new("sent", "MiB sent", "F2", true, run => run.Bytes / MibBytes),
    ];

    /// <summary>Throws <see cref="ArgumentException"/> for a name that there is not.</summary>
    public static Measure Named(string name) =>
        All.FirstOrDefault(measure => measure.Name == name) ?? throw new ArgumentException($"there is no measure '{name}'");
}
