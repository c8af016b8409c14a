using System.Text.Json;
using System.Text.Json.Serialization;

namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// The verb <c>fleet</c>: what the origin, a shared tier and each of several instances have to do, by balancer and by tier, on generated
/// requests. docs/scaling.md has the capacity model that it checks.
/// </summary>
internal static class FleetCommand
{
    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Prints a table in Markdown; <c>--json FILE</c> gets the options and the rows.</summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        FleetOptions options = FleetOptions.Parse(arguments);
        string? json = arguments.Text("--json");
        arguments.RefuseUnknown();

        FleetRow[] rows = Rows(options);
        Console.WriteLine($"{options}.\n\n{FleetRow.MarkdownHead}");
        Array.ForEach(rows, row => Console.WriteLine(row.ToMarkdown()));
        if (json is not null)
        {
            File.WriteAllText(json, JsonSerializer.Serialize(new { options, rows }, s_indented) + "\n");
        }

        return 0;
    }

    /// <summary>The rows, balancer by balancer.</summary>
    public static FleetRow[] Rows(FleetOptions options)
    {
        var trace = new FleetTrace(options);
        return
        [
            .. FleetSimulation.Balancers(options).AsParallel().AsOrdered().SelectMany(balancer =>
            {
                using var simulation = new FleetSimulation(options, trace, balancer);
                return simulation.Run();
            }),
        ];
    }
}
