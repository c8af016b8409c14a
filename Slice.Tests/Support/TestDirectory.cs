namespace Slice.Tests.Support;

/// <summary>
/// A new directory, removed with everything in it on disposal. It is under TMPDIR, or under /var/tmp, which is on a disk: /tmp is memory on
/// many machines, and the larger tests store gigabytes.
/// </summary>
public sealed class TestDirectory : IDisposable
{
    /// <summary>
    /// Creates it; <paramref name="subject"/> becomes part of the name, for whoever finds a directory that a killed run left behind.
    /// </summary>
    public TestDirectory(string subject)
    {
        string parent = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } chosen ? chosen : "/var/tmp";
        Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"pingora-slice-{subject}-{Guid.NewGuid():N}")).FullName;
    }

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
