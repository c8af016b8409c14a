namespace Slice.Tests.Support;

/// <summary>The files that are shipped beside the binary.</summary>
internal static class Repository
{
    /// <summary>The directory with the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Reads a file by its path in the repository.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "pingora-slice.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException("no directory above the tests has pingora-slice.sln");
    }
}
