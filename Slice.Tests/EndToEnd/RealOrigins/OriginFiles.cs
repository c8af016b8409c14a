using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>
/// A directory that a server of another account may read and write, with objects that have not changed for a while: a date of this very
/// second would make their validators weak.
/// </summary>
internal sealed class OriginFiles : IDisposable
{
    /// <summary>Bytes of each object: five slices of <see cref="Downloads.SliceBytes"/> and a short one.</summary>
    public const int LengthBytes = (5 * Downloads.SliceBytes) + 77;

    private readonly TestDirectory _directory = new("www");

    /// <summary>Makes the directory with two objects of the same content, <paramref name="first"/> and <paramref name="second"/>.</summary>
    public OriginFiles(string first = "first.bin", string second = "second.bin")
    {
        OpenToEverybody(_directory.Path);
        (First, Second) = ("/" + first, "/" + second);
        Write(first);
        Write(second);
    }

    /// <summary>The path of the directory.</summary>
    public string Path => _directory.Path;

    /// <summary>The target of one object.</summary>
    public string First { get; }

    /// <summary>The target of the other.</summary>
    public string Second { get; }

    /// <summary>The absolute path of <paramref name="name"/> inside.</summary>
    public string Combine(string name) => _directory.Combine(name);

    /// <summary>Makes a directory inside that everybody may write to; returns its path.</summary>
    public string MakeDirectory(string name)
    {
        string path = Directory.CreateDirectory(Combine(name)).FullName;
        OpenToEverybody(path);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    // Read, write and enter: the account that a server takes instead of root is none of ours.
    private static void OpenToEverybody(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32("777", 8));
        }
    }

    private void Write(string name)
    {
        TestFiles.WriteContent(Combine(name), LengthBytes, Downloads.Seed);
        File.SetLastWriteTimeUtc(Combine(name), DateTime.UtcNow.AddDays(-10));
    }
}
