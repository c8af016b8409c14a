using System.Globalization;
using System.Text.Json;
using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Report;

/// <summary>
/// The verb <c>report</c>: medians of the rounds in a results file, and the ratios to one side or several, as markdown on standard output.
/// </summary>
internal static class ReportCommand
{
    /// <summary>Prints the tables, works and sides in the order of their first round.</summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        string path = arguments.Required("--results");
        string[] baseSides = [.. arguments.All("--base")];
        arguments.RefuseUnknown();
        LoadResult[] rounds = [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<LoadResult>(line)!)];
        List<Medians> rows = WriteMedians(Console.Out, rounds);
        foreach (string baseSide in baseSides)
        {
            WriteRatios(rows, baseSide);
        }

        return 0;
    }

    /// <summary>Writes the medians of runs that have not failed, and gives them, works and sides in the order of their first run.</summary>
    public static List<Medians> WriteMedians(TextWriter writer, IEnumerable<LoadResult> rounds)
    {
        List<Medians> rows =
        [
            .. rounds.Where(round => round.Failure is null).GroupBy(round => (round.Work, round.Side))
                .Select(group => new Medians(group.Key.Work, group.Key.Side, [.. group])),
        ];
        rows = [.. rows.GroupBy(row => row.Work).SelectMany(group => group)];
        writer.WriteLine(
            "| work | server | rounds | CPU s/GiB | CPU µs/request | GiB/s | requests/s | "
            + "seconds | p50 ms | p99 ms | p99.9 ms | slowest ms | first byte p50 ms | anonymous MiB |");
        writer.WriteLine("| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
        foreach (Medians row in rows)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Work} | {row.Side} | {row.Rounds} | {row.CpuPerGib:F3} | {row.CpuPerRequest:F1} | "
                + $"{row.GibPerSecond:F2} | {row.RequestsPerSecond:F1} | {row.Seconds:F2} | "
                + $"{row.LatencyP50:F2} | {row.LatencyP99:F2} | {row.LatencyP999:F2} | {row.LatencyMax:F2} | "
                + $"{row.FirstByte:F2} | {row.Anonymous:F1} |"));
        }

        return rows;
    }

    private static void WriteRatios(List<Medians> rows, string baseSide)
    {
        List<(Medians Row, Medians Base)> pairs = [.. from row in rows
                                                      from other in rows
                                                      where row.Side != baseSide && other.Side == baseSide && other.Work == row.Work
                                                      select (row, other)];
        if (pairs.Count == 0)
        {
            return;
        }

        Console.WriteLine();
        Console.WriteLine($"Ratios to {baseSide}, of the medians above (CPU: lower is better; throughput: higher is better):");
        Console.WriteLine();
        Console.WriteLine(
            "| work | server | CPU per GiB | CPU per request | throughput | p99 latency | first byte p50 | anonymous memory |");
        Console.WriteLine("| --- | --- | --: | --: | --: | --: | --: | --: |");
        foreach (var (row, other) in pairs)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Work} | {row.Side} | {Ratio(row.CpuPerGib, other.CpuPerGib)} | {Ratio(row.CpuPerRequest, other.CpuPerRequest)} | "
                + $"{Ratio(row.GibPerSecond, other.GibPerSecond)} | {Ratio(row.LatencyP99, other.LatencyP99)} | "
                + $"{Ratio(row.FirstByte, other.FirstByte)} | {Ratio(row.Anonymous, other.Anonymous)} |"));
        }
    }

    // What one of the two did not measure has no ratio.
    private static string Ratio(double value, double other) =>
        value == 0 || other == 0 ? "–" : (value / other).ToString("F2", CultureInfo.InvariantCulture);
}
