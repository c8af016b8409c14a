using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>A cache directory that is locked stays the same one, whatever becomes of its path.</summary>
public sealed class CacheDirectoryTests : IDisposable
{
    private readonly TestDirectory _directory = new("cache-directory-paths");

    private string Cache => _directory.Combine("cache");

    private string Aside => _directory.Combine("aside");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Paths_of_files_lead_to_the_directory_that_is_locked()
    {
        using var directory = CacheDirectory.Open(Cache);
        Assert.True(directory.IsInPlace);
        Directory.Move(Cache, Aside);
        Directory.CreateDirectory(Cache);

        File.WriteAllText(directory.IndexPath, "index");
        File.WriteAllText(directory.NextIndexPath, "next");
        File.WriteAllText(directory.SegmentPath(0), "segment");

        Assert.False(directory.IsInPlace);
        Assert.Empty(Directory.GetFileSystemEntries(Cache));
        Assert.Equal("index", File.ReadAllText(Path.Combine(Aside, StoreLayout.IndexFileName)));
        directory.RemoveFiles();
        Assert.Equal([Path.Combine(Aside, StoreLayout.LockFileName)], Directory.GetFileSystemEntries(Aside));
    }

    [Fact]
    public void Messages_show_the_path_that_was_configured()
    {
        using var directory = CacheDirectory.Open(Cache);
        var error = Assert.ThrowsAny<IOException>(() => File.ReadAllBytes(directory.SegmentPath(7)));
        string shown = directory.Shown(error.Message);
        Assert.Contains(Path.Combine(Cache, StoreLayout.SegmentFileName(7)), shown, StringComparison.Ordinal);
        Assert.DoesNotContain("/proc/", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B46")]
    public void Renewed_it_is_the_directory_at_its_path(bool isMadeAlready)
    {
        using var directory = CacheDirectory.Open(Cache);
        File.WriteAllText(directory.IndexPath, "old");
        Directory.Move(Cache, Aside);
        if (isMadeAlready)
        {
            Directory.CreateDirectory(Cache);
        }

        directory.Renew();

        Assert.True(directory.IsInPlace);
        File.WriteAllText(directory.IndexPath, "new");
        Assert.Equal("new", File.ReadAllText(Path.Combine(Cache, StoreLayout.IndexFileName)));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Aside, StoreLayout.IndexFileName)));
        Assert.Throws<CacheDirectoryException>(() => CacheDirectory.Open(Cache, lockAttempts: 1));

        // The one that was moved away is nobody's any more.
        CacheDirectory.Open(Aside, lockAttempts: 1).Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Renewed_in_its_place_it_stays_locked_and_loses_its_files()
    {
        using var directory = CacheDirectory.Open(Cache);
        File.WriteAllText(directory.IndexPath, "old");
        File.Delete(Path.Combine(Cache, StoreLayout.LockFileName));
        Assert.False(directory.IsInPlace);

        directory.Renew();

        Assert.True(directory.IsInPlace);
        Assert.Equal([Path.Combine(Cache, StoreLayout.LockFileName)], Directory.GetFileSystemEntries(Cache));
        Assert.Throws<CacheDirectoryException>(() => CacheDirectory.Open(Cache, lockAttempts: 1));
    }

    [Theory]
    [InlineData(StoreLayout.IndexFileName, "a directory with files of a cache has taken its place")]
    [InlineData("photo.jpg", "there are files in it that are not a cache's, such as photo.jpg")]
    [Trait("Behaviour", "B46")]
    public void What_stands_in_the_directory_that_took_its_place_is_left_as_it_is(string name, string problem)
    {
        using var directory = CacheDirectory.Open(Cache);
        Directory.Move(Cache, Aside);
        Directory.CreateDirectory(Cache);
        File.WriteAllText(Path.Combine(Cache, name), "theirs");
        for (int attempt = 0; attempt < 2; attempt++)
        {
            var error = Assert.Throws<CacheDirectoryException>(directory.Renew);
            Assert.Contains($"{Cache}: {problem}", error.Message, StringComparison.Ordinal);
            Assert.Equal([Path.Combine(Cache, name)], Directory.GetFileSystemEntries(Cache));
        }

        // It is locked all the time, and goes on there as soon as nobody's files are in the way.
        Assert.Throws<CacheDirectoryException>(() => CacheDirectory.Open(Aside, lockAttempts: 1));
        File.Delete(Path.Combine(Cache, name));
        directory.Renew();
        Assert.True(directory.IsInPlace);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Directory_that_another_process_has_taken_is_left_as_it_is()
    {
        using var directory = CacheDirectory.Open(Cache);
        Directory.Move(Cache, Aside);
        using var other = CacheDirectory.Open(Cache);
        File.WriteAllText(other.IndexPath, "theirs");

        Assert.Equal(CacheDirectoryCause.InUse, Assert.Throws<CacheDirectoryException>(directory.Renew).Cause);

        Assert.Equal("theirs", File.ReadAllText(other.IndexPath));
        Assert.True(other.IsInPlace);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Link_that_took_its_place_is_not_followed()
    {
        string foreign = Directory.CreateDirectory(_directory.Combine("foreign")).FullName;
        using var directory = CacheDirectory.Open(Cache);
        Directory.Move(Cache, Aside);
        Directory.CreateSymbolicLink(Cache, foreign);
        Assert.False(directory.IsInPlace);

        Assert.Contains("a symbolic link", Assert.Throws<CacheDirectoryException>(directory.Renew).Message, StringComparison.Ordinal);

        Assert.Empty(Directory.GetFileSystemEntries(foreign));

        // To where the directory was moved a link may lead: it is the same one.
        Directory.Delete(Cache);
        Directory.CreateSymbolicLink(Cache, Aside);
        Assert.True(directory.IsInPlace);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Link_that_was_there_at_the_start_is_followed()
    {
        Directory.CreateDirectory(Aside);
        Directory.CreateSymbolicLink(Cache, Aside);
        using var directory = CacheDirectory.Open(Cache);
        Directory.Delete(Aside, recursive: true);
        Assert.False(directory.IsInPlace);
        Directory.CreateDirectory(Aside);

        directory.Renew();

        Assert.True(directory.IsInPlace);
        Assert.Equal([Path.Combine(Aside, StoreLayout.LockFileName)], Directory.GetFileSystemEntries(Aside));
    }
}
