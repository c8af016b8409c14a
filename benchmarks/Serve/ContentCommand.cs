using Slice.Tests.Support;

namespace Slice.Benchmarks.Serve;

/// <summary>The verb <c>content</c>: a file of the tests' content.</summary>
internal static class ContentCommand
{
    /// <summary>Writes the file.</summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        string path = arguments.Required("--file");
        long bytes = arguments.Number("--bytes", 0);
        int seed = (int)arguments.Number("--seed", 1);
        arguments.RefuseUnknown();
        TestFiles.WriteContent(path, bytes, seed);
        return 0;
    }
}
