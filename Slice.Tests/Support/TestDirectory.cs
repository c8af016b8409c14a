namespace Slice.Tests.Support;

/// <summary>A new directory under the system's temporary one, removed with everything in it on disposal.</summary>
public sealed class TestDirectory : IDisposable
{
    /// <summary>Creates it; <paramref name="subject"/> becomes part of the name, for whoever finds a directory that a killed run left behind.</summary>
    public TestDirectory(string subject) => Path = Directory.CreateTempSubdirectory($"pingora-slice-{subject}-").FullName;

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>The absolute path of <paramref name="name"/> inside.</summary>
    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The test removed it itself.
        }
    }
}
