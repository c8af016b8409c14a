using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>Why a cache directory cannot be used: one line with the directory, the cause and what mends it.</summary>
public sealed class CacheDirectoryDiagnosisTests : IDisposable
{
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;

    private readonly TestDirectory _directory = new("diagnosis");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(NoSpace, CacheDirectoryCause.NoRoom, "there is no room for a cache, ", "df -h ")]
    [InlineData(ReadOnlyFileSystem, CacheDirectoryCause.ReadOnly, "the file system is read-only", "sudo mount -o remount,rw ")]
    [InlineData(5, CacheDirectoryCause.Failing, "the message of the kernel", "choose another l2_cache_dir")]
    [Trait("Behaviour", "B70")]
    public void Number_of_the_kernel_tells_the_cause(int errno, CacheDirectoryCause cause, string problem, string remedy)
    {
        var wrapped = new IOException("segment x cannot be made", new IOException("the message of the kernel", errno));
        foreach (var error in (IOException[])[new("the message of the kernel", errno), wrapped])
        {
            var found = CacheDirectoryDiagnosis.Of(_directory.Path, error);

            Assert.Equal(cause, found.Cause);
            Assert.StartsWith($"{_directory.Path}: ", found.Message, StringComparison.Ordinal);
            Assert.Contains(error == wrapped && cause == CacheDirectoryCause.Failing ? "segment x" : problem, found.Message,
                StringComparison.Ordinal);
            Assert.Contains(remedy, found.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', found.Message);
        }
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public void Process_that_has_the_directory_is_named()
    {
        using var first = StoredObjects.OpenStore(_directory.Path, 1 << 20, TimeProvider.System);

        var error = Assert.Throws<CacheDirectoryException>(() => CacheDirectory.Open(_directory.Path, lockAttempts: 1));

        Assert.Equal(CacheDirectoryCause.InUse, error.Cause);
        Assert.Contains($"process {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
        Assert.Contains("--port", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public void Directory_with_files_of_others_is_left_as_it_is()
    {
        File.WriteAllText(_directory.Combine("photo.jpg"), "theirs");
        for (int attempt = 0; attempt < 2; attempt++)
        {
            var error = Assert.Throws<CacheDirectoryException>(
                () => StoredObjects.OpenStore(_directory.Path, 1 << 20, TimeProvider.System));
            Assert.Equal(CacheDirectoryCause.ForeignFiles, error.Cause);
            Assert.Contains("photo.jpg", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal([_directory.Combine("photo.jpg")], Directory.GetFileSystemEntries(_directory.Path));
    }

    // The home of root, say, in which nothing else is.
    [Theory]
    [InlineData(".bashrc")]
    [InlineData(".ssh")]
    [Trait("Behaviour", "B70")]
    public void Dot_files_of_a_person_are_strangers(string name)
    {
        File.WriteAllText(_directory.Combine(name), "theirs");
        var error = Assert.Throws<CacheDirectoryException>(
            () => StoredObjects.OpenStore(_directory.Path, 1 << 20, TimeProvider.System).Dispose());
        Assert.Equal(CacheDirectoryCause.ForeignFiles, error.Cause);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public void What_stands_in_every_directory_and_caches_of_other_instances_are_no_strangers()
    {
        Directory.CreateDirectory(_directory.Combine("lost+found"));
        Directory.CreateDirectory(_directory.Combine("port-8081"));
        Directory.CreateDirectory(_directory.Combine(".snapshot"));
        File.WriteAllText(_directory.Combine(".keep"), "");
        File.WriteAllText(_directory.Combine(".nfs000000000000a1b200000001"), "");
        StoredObjects.OpenStore(_directory.Path, 1 << 20, TimeProvider.System).Dispose();

        // And beside a cache that is there nobody minds others: it must start after a backup was put down in it.
        File.WriteAllText(_directory.Combine("cache.tar.gz"), "theirs");
        StoredObjects.OpenStore(_directory.Path, 1 << 20, TimeProvider.System).Dispose();
        Assert.True(File.Exists(_directory.Combine("cache.tar.gz")));
    }
}
