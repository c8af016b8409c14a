using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Host.CommandLine;
using Slice.Net.SharedCache.Files;
using Slice.Tests.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary>What <c>--check-config</c> says of a shared tier.</summary>
public sealed class SharedTierCheckTests : IDisposable
{
    private const string Down = "; until it answers, what it has is a miss";

    private readonly TestDirectory _directory = new("tier-check");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void No_tier_is_not_looked_for() => Assert.Empty(SharedTierCheck.Look(new SharedCacheOptions()));

    [Fact]
    public async Task Server_that_takes_a_connection_is_right_and_is_told_nothing()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Assert.Empty(Look($"127.0.0.1:{port}"));
        Assert.Empty(Look($"localhost:{port}"));

        for (int i = 0; i < 2; i++)
        {
            using var connection = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, await connection.GetStream().ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        }
    }

    // RFC 6761 §6.4: names under .invalid never resolve.
    [Fact]
    public void Each_server_that_is_not_there_is_named()
    {
        int port = FreePort.Reserve();
        Assert.Equal(
            [
                $"shared_cache.address: 127.0.0.1:{port}: connection refused{Down}",
                $"shared_cache.address: tier.invalid:6379: the name does not resolve{Down}",
                $"shared_cache.address: [::1]:{port}: connection refused{Down}",
            ],
            Look($"127.0.0.1:{port}", "tier.invalid:6379", $"[::1]:{port}"));
    }

    // Its queue of connections is full, so the system answers no further one.
    [Fact]
    public void Server_that_takes_no_connection_is_waited_for_a_second()
    {
        int port = FreePort.Reserve();
        using DeafPort deaf = new(IPAddress.Loopback, port);
        Assert.Equal([$"shared_cache.address: 127.0.0.1:{port}: no connection within 1s{Down}"], Look($"127.0.0.1:{port}"));
    }

    [Fact]
    public void Directory_is_looked_at_and_not_made()
    {
        string path = _directory.Combine("tier");
        const string mend = "; until that is mended, all of it is a miss";
        Assert.Equal(
            [$"shared_cache.directory: {path}: there is no such directory (is it mounted?){mend}"], LookAtDirectory(path));
        Assert.False(Directory.Exists(path));

        File.WriteAllText(path, "theirs");
        Assert.Equal([$"shared_cache.directory: {path}: this is a file and not a directory{mend}"], LookAtDirectory(path));

        File.Delete(path);
        Directory.CreateDirectory(path);
        Assert.Empty(LookAtDirectory(path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(path));
    }

    // The rights of files bind everybody but root.
    [Fact]
    public void Directory_that_takes_no_files_of_this_user_is_named()
    {
        string path = _directory.Combine("tier");
        Directory.CreateDirectory(path);
        ProductCopy.Restrict(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] expected = ProductCopy.IsRoot
            ? []
            : [$"shared_cache.directory: {path}: not writable by this user (Permission denied); until that is mended, all of it is a miss"];
        Assert.Equal(expected, LookAtDirectory(path));
        Assert.Equal("No such file or directory", CacheDirectoryProbe.WhyNotWritable(_directory.Combine("missing")));
    }

    [Fact]
    public void Directory_that_is_no_shared_cache_is_named_with_what_is_in_it()
    {
        string path = Directory.CreateDirectory(_directory.Combine("tier")).FullName;
        string file = Path.Combine(path, "README");
        File.WriteAllText(file, "theirs");
        Assert.Equal(
            [
                $"shared_cache.directory: {path} is not empty (README) and no shared cache, and whatever is old in a shared cache is "
                    + "removed: name an empty directory; until that is mended, all of it is a miss",
            ],
            LookAtDirectory(path));
        Assert.Equal([file], Directory.EnumerateFileSystemEntries(path));

        // What stands at the root of a file system is nobody's.
        File.Delete(file);
        Directory.CreateDirectory(Path.Combine(path, "lost+found"));
        Assert.Empty(LookAtDirectory(path));
    }

    [Fact]
    public async Task Directory_that_is_a_shared_cache_is_left_as_it_is()
    {
        string path = Directory.CreateDirectory(_directory.Combine("tier")).FullName;
        var options = new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = path, DirectorySizeBytes = 64 << 20 };
        await using (var store = new DirectoryStore(options, TimeProvider.System))
        {
            Assert.Equal(1, await store.IncrementAsync("counter", 1, TestContext.Current.CancellationToken));
        }

        string[] before = Directory.GetFileSystemEntries(path, "*", SearchOption.AllDirectories);
        Assert.Empty(LookAtDirectory(path));
        Assert.Equal(before, Directory.GetFileSystemEntries(path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Directory_size_beyond_the_file_system_is_named_with_what_is_used_instead()
    {
        using var small = await SmallFileSystem.MountAsync("size=100m");
        Assert.Equal(
            [
                $"shared_cache.directory_size: 1GiB: the file system of {small.Path} has 100 MiB for it, and a tenth of that is left free; "
                    + "90MiB is used instead",
            ],
            LookAtDirectory(small.Path, 1 << 30));
        Assert.Empty(Directory.EnumerateFileSystemEntries(small.Path));
        Assert.Empty(LookAtDirectory(small.Path));
    }

    [Fact]
    public void Tier_that_is_down_is_a_warning_of_the_check_and_no_error()
    {
        int port = FreePort.Reserve();
        string path = _directory.Combine("f.yaml");
        File.WriteAllText(
            path,
            $"upstream_address: 127.0.0.1:9\nenable_l2_cache: false\nlisten_address: 127.0.0.1:0\nmetrics_endpoint: {{enabled: false}}\n"
                + $"shared_cache: {{type: redis, address: 127.0.0.1:{port}, password: s3cret}}\n");
        using StringWriter output = new();
        using StringWriter error = new();

        int exitCode = ConfigurationCheck.Run(new() { Files = [path] }, _ => null, output, error);

        Assert.Equal((0, $"warning: shared_cache.address: 127.0.0.1:{port}: connection refused{Down}\n"), (exitCode, error.ToString()));
        Assert.EndsWith("# configuration ok\n", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", output.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Look(params string[] addresses) =>
        SharedTierCheck.Look(new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = addresses });

    private static IEnumerable<string> LookAtDirectory(string path, long sizeBytes = 64 << 20) =>
        SharedTierCheck.Look(
            new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = path, DirectorySizeBytes = sizeBytes });
}
