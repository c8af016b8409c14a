using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>
/// A file system of its own, in memory and as small as the test wants it, mounted where only a child process sees it; this one reaches it
/// through the child's root. Needs no privilege where users may have namespaces.
/// </summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly TestDirectory _directory = new("small");
    private readonly ChildProcess _holder;

    private SmallFileSystem(string options)
    {
        string[] privilege = ProductCopy.IsRoot ? [] : ["--map-root-user"];
        _holder = ChildProcess.Start(
            "unshare",
            [
                .. privilege, "--mount", "sh", "-c",
                $"mount -t tmpfs -o {options} tmpfs {_directory.Path} && echo mounted && exec sleep 600",
            ],
            "unshare is in Debian's util-linux");
    }

    /// <summary>The path at which this process finds it.</summary>
    public string Path => $"/proc/{_holder.Id}/root{_directory.Path}";

    /// <summary>Mounts one.</summary>
    /// <param name="options">Of mount(8) for tmpfs: <c>size=1m</c>, <c>ro</c>.</param>
    public static async Task<SmallFileSystem> MountAsync(string options)
    {
        var made = new SmallFileSystem(options);
        await made._holder.ReadyAsync(() => Task.FromResult(made._holder.Lines.Contains("mounted")), "the file system is mounted");
        return made;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _holder.Dispose();
        _directory.Dispose();
    }
}
