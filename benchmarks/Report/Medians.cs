using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Report;

/// <summary>
/// The median of each measure over the rounds of one work by one server; each measure by itself, so a row need not be any one round.
/// </summary>
internal sealed class Medians(string work, string side, LoadResult[] rounds)
{
    public string Work { get; } = work;

    public string Side { get; } = side;

    public int Rounds { get; } = rounds.Length;

    public double CpuPerGib { get; } = Of(rounds, round => round.CpuSecondsPerGib);

    public double CpuPerRequest { get; } = Of(rounds, round => round.CpuMicrosecondsPerRequest);

    public double GibPerSecond { get; } = Of(rounds, round => round.GibPerSecond);

    public double RequestsPerSecond { get; } = Of(rounds, round => round.RequestsPerSecond);

    public double Seconds { get; } = Of(rounds, round => round.Seconds);

    public double LatencyP50 { get; } = Of(rounds, round => round.LatencyP50Ms);

    public double LatencyP99 { get; } = Of(rounds, round => round.LatencyP99Ms);

    public double LatencyP999 { get; } = Of(rounds, round => round.LatencyP999Ms);

    public double LatencyMax { get; } = Of(rounds, round => round.LatencyMaxMs);

    public double FirstByte { get; } = Of(rounds, round => round.FirstByteP50Ms);

    public double Anonymous { get; } = Of(rounds, round => round.PeakAnonymousMib);

    /// <summary>The median of one measure.</summary>
    public static double Of(LoadResult[] rounds, Func<LoadResult, double> measure) => Of(rounds.Select(measure));

    /// <summary>The median of some figures.</summary>
    public static double Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
