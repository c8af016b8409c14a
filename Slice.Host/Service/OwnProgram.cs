using System.Diagnostics;

namespace Slice.Host.Service;

/// <summary>The program of this process and its arguments, to be started once more: the file that is at its path then.</summary>
/// <param name="Path">The program.</param>
/// <param name="Arguments">What it is given.</param>
internal sealed record OwnProgram(string Path, IReadOnlyList<string> Arguments)
{
    private const string Runtime = "dotnet";

    /// <summary>The program of this process.</summary>
    public static OwnProgram OfThisProcess() => Of(Environment.ProcessPath!, Environment.GetCommandLineArgs());

    /// <summary>
    /// Finds the program of a process. Pure, but for the working directory. The path as it was called is taken where there is one, as the
    /// kernel's word would lead through a link to the version that the link named at that time.
    /// </summary>
    /// <param name="processPath">The file that the kernel runs: the binary, or <c>dotnet</c> for an assembly in the development.</param>
    /// <param name="commandLine">The command line, its first word what was called.</param>
    public static OwnProgram Of(string processPath, IReadOnlyList<string> commandLine)
    {
        string called = commandLine[0];
        if (System.IO.Path.GetFileName(processPath) == Runtime)
        {
            return new OwnProgram(processPath, commandLine);
        }

        bool isPath = called.Contains('/', StringComparison.Ordinal) && !called.EndsWith(".dll", StringComparison.Ordinal);
        return new OwnProgram(isPath ? System.IO.Path.GetFullPath(called) : processPath, [.. commandLine.Skip(1)]);
    }

    /// <summary>What starts it once more, with this process's environment, working directory and output.</summary>
    public ProcessStartInfo ToStart() => new(Path, Arguments) { UseShellExecute = false };
}
