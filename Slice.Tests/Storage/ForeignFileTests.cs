using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>What stands under the names of a cache's files and is none is told, and nobody waits for it.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private readonly TestDirectory _directory = new("foreign-files");

    private string Cache => _directory.Combine("cache");

    public static TheoryData<string> OwnNames { get; } =
    [
        StoreLayout.LockFileName, StoreLayout.IndexFileName, StoreLayout.NextIndexFileName, StoreLayout.SharedCacheFileName,
        StoreLayout.NextSharedCacheFileName, StoreLayout.UntoldNewsFileName, StoreLayout.NextUntoldNewsFileName,
        StoreLayout.SegmentFileName(0),
    ];

    public void Dispose() => _directory.Dispose();

    // Opening a named pipe waits for whoever is at its other end.
    [Theory]
    [MemberData(nameof(OwnNames))]
    [Trait("Behaviour", "B70")]
    public async Task Named_pipe_instead_of_a_file_refuses_start_and_check(string name)
    {
        Directory.CreateDirectory(Cache);
        NamedPipe.Make(Path.Combine(Cache, name));
        foreach (Func<CacheDirectoryException?> use in (Func<CacheDirectoryException?>[])[() => CacheDirectoryProbe.Find(Cache), Start])
        {
            var problem = await Deadline.WithinAsync(Task.Run(use), "somebody says no");
            Assert.Equal(CacheDirectoryCause.ForeignFiles, problem?.Cause);
            Assert.Contains($"{Path.Combine(Cache, name)} is a named pipe and not a file", problem?.Message, StringComparison.Ordinal);
            Assert.Equal([Path.Combine(Cache, name)], Directory.GetFileSystemEntries(Cache));
        }
    }

    [Theory]
    [InlineData("/dev/zero", "a device")]
    [InlineData("/", "a directory")]
    [InlineData(StoreLayout.IndexFileName, "a symbolic link that leads in a circle")]
    [Trait("Behaviour", "B70")]
    public void Link_to_something_else_than_a_file_refuses_start_check_and_inspection(string target, string kind)
    {
        Directory.CreateDirectory(Cache);
        File.CreateSymbolicLink(Path.Combine(Cache, StoreLayout.IndexFileName), target);

        Assert.Contains($" is {kind} and not a file", Start()?.Message, StringComparison.Ordinal);
        Assert.Contains($" is {kind} and not a file", CacheDirectoryProbe.Find(Cache)?.Message, StringComparison.Ordinal);
        Assert.Null(StoreInspection.Read(Cache, out string? problem));
        Assert.Contains($" is {kind} and not an index", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Named_pipe_instead_of_a_file_is_told_by_an_inspection()
    {
        Directory.CreateDirectory(Cache);
        string index = Path.Combine(Cache, StoreLayout.IndexFileName);
        NamedPipe.Make(index);
        var inspection = Task.Run(() => StoreInspection.Read(Cache, out string? problem) is null ? problem : null);
        Assert.Equal($"{index} is a named pipe and not an index of pingora-slice", await Deadline.WithinAsync(inspection, "it is told"));
    }

    private CacheDirectoryException? Start()
    {
        try
        {
            StoredObjects.OpenStore(Cache, 1 << 20, TimeProvider.System).Dispose();
            return null;
        }
        catch (CacheDirectoryException problem)
        {
            return problem;
        }
    }
}
