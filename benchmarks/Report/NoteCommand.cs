using System.Text.Json;
using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Report;

/// <summary>
/// The verb <c>note</c>: a line of a results file that no load measured, such as bytes counted at the origin, or that a run has failed.
/// </summary>
internal static class NoteCommand
{
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        string results = arguments.Required("--results");
        var note = new LoadResult
        {
            Work = arguments.Required("--work"),
            Side = arguments.Required("--side"),
            Bytes = arguments.Number("--bytes", 0),
            Failure = arguments.Text("--failure"),
        };
        arguments.RefuseUnknown();
        File.AppendAllText(results, JsonSerializer.Serialize(note) + "\n");
        return 0;
    }
}
