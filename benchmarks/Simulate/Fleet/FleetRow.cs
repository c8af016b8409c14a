using System.Globalization;

namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>What came out for one balancer and one tier. Ratios are of bytes, in the counted half.</summary>
internal sealed record FleetRow
{
    /// <summary>Head of the table.</summary>
    public const string MarkdownHead =
        "| balancer | tier | local hits | … model | tier hits of misses | origin ÷ served | … model | tier read ÷ served | "
        + "tier written ÷ served | new object: origin × | bytes max ÷ mean | in flight max ÷ mean |\n"
        + "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |";

    public required string Balancer { get; init; }

    public required string Tier { get; init; }

    /// <summary>The tier as a share of the catalogue; 0 without one.</summary>
    public required double TierShare { get; init; }

    /// <summary>Whether an instance waits for what another one is fetching.</summary>
    public required bool Collapses { get; init; }

    public required double ServedGib { get; init; }

    /// <summary>Of what is served.</summary>
    public required double LocalHitRatio { get; init; }

    public required double LocalHitRatioOfModel { get; init; }

    /// <summary>Of what instances miss.</summary>
    public required double TierHitRatio { get; init; }

    public required double OriginToServed { get; init; }

    public required double OriginToServedOfModel { get; init; }

    public required double TierReadToServed { get; init; }

    public required double TierWrittenToServed { get; init; }

    /// <summary>Bytes that the origin was asked for of new objects, as a multiple of them; 0 when there are none.</summary>
    public required double OriginToNewObject { get; init; }

    /// <summary>Bytes of the instance that serves most, as a multiple of the average.</summary>
    public required double BytesMaxToMean { get; init; }

    /// <summary>Requests in flight at the instance with most of them, as a multiple of the average; averaged over requests.</summary>
    public required double InFlightMaxToMean { get; init; }

    /// <summary>A line of the table.</summary>
    public string ToMarkdown() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Balancer} | {Tier} | {LocalHitRatio:P1} | {LocalHitRatioOfModel:P1} | {(TierShare == 0 ? "–" : Percent(TierHitRatio))} | "
        + $"{OriginToServed:P1} | {OriginToServedOfModel:P1} | {TierReadToServed:P1} | {TierWrittenToServed:P1} | {OriginToNewObject:F2} | "
        + $"{BytesMaxToMean:F2} | {InFlightMaxToMean:F2} |");

    private static string Percent(double ratio) => ratio.ToString("P1", CultureInfo.InvariantCulture);
}
