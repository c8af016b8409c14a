using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A cache directory that cannot be used ends the start, with one line that names the directory, the cause and what mends it; and where
/// commands of the guide look for their configuration.
/// </summary>
public sealed class CacheDirectoryTests : IDisposable
{
    private const int CannotStart = 1;
    private const int Configuration = 78;

    private readonly TestDirectory _directory = new("cache-directory");
    private readonly ProductCopy _product;

    public CacheDirectoryTests()
    {
        Directory.CreateDirectory(_directory.Combine("bin"));
        Directory.CreateDirectory(_directory.Combine("data"));
        _product = new ProductCopy(_directory.Combine("bin"));
    }

    private string Cache => _directory.Combine("data/cache");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Directory_that_may_not_be_made()
    {
        MakeReadOnlyFor(_directory.Combine("data"));

        string line = await AssertRefusedAsync(_product.Unprivileged);

        Assert.Contains("the directory cannot be made: ", line, StringComparison.Ordinal);
        Assert.Matches($" may not write to {_directory.Combine("data")}; run: sudo install -d -m 700 -o [a-z0-9_-]+ {Cache}\"", line);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task File_in_the_place_of_the_directory()
    {
        await File.WriteAllTextAsync(Cache, "theirs", TestContext.Current.CancellationToken);
        string line = await AssertRefusedAsync(_product.Command);
        Assert.Contains("this is a file and not a directory; remove it", line, StringComparison.Ordinal);
    }

    // Left by a run for debugging, with sudo and without -u.
    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Files_of_another_user_are_named_with_the_command_that_mends_them()
    {
        Directory.CreateDirectory(Cache);
        ProductCopy.GiveAway(Cache);
        string left = Path.Combine(Cache, "lock");
        await File.WriteAllTextAsync(left, "", TestContext.Current.CancellationToken);
        ProductCopy.Restrict(left, ProductCopy.IsRoot ? UnixFileMode.UserRead | UnixFileMode.UserWrite : UnixFileMode.UserRead);

        string line = await AssertRefusedAsync(_product.Unprivileged);

        string expected = ProductCopy.IsRoot ? $"{left} belongs to root, and this process runs as " : "may not write to it";
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Matches(ProductCopy.IsRoot ? $"; run: sudo chown -R [a-z0-9_-]+: {Cache}" : $"; run: sudo chmod -R u\\+rwX {Cache}", line);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Read_only_file_system()
    {
        string line = await AssertRefusedAsync(Mounted("-o ro"));
        Assert.Contains("the file system is read-only; run: sudo mount -o remount,rw ", line, StringComparison.Ordinal);
        Assert.Contains($"ReadWritePaths={Cache} in the unit", line, StringComparison.Ordinal);
    }

    // The last two have room for a cache that leaves too little to others.
    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(67)]
    [Trait("Behaviour", "B70")]
    public async Task File_system_without_room(int mebibytes)
    {
        string line = await AssertRefusedAsync(Mounted($"-o size={mebibytes}m"));
        Assert.Matches(
            $"there is no room for a cache, ({mebibytes - 1}|{mebibytes}) MiB free, at least 68 MiB are needed, "
                + "of which 64 MiB are left to others; make room",
            line);
    }

    [Theory]
    [InlineData(70, 5, 6)]
    [InlineData(100, 35, 36)]
    [InlineData(129, 64, 64)]
    [Trait("Behaviour", "B70")]
    public async Task File_system_with_little_room_has_a_small_cache_and_keeps_64_MiB_for_others(int diskMebibytes, int least, int most)
    {
        var file = new RangeFile(40 << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        string yaml = Yaml().Replace("listen_address: 127.0.0.1:0", "listen_address: 127.0.0.1:{{port}}", StringComparison.Ordinal)
            .Replace("address: 127.0.0.1:0", "address: 127.0.0.1:{{metrics_port}}", StringComparison.Ordinal)
            .Replace("127.0.0.1:9", origin.Authority, StringComparison.Ordinal);
        await using var product = await ProductProcess.StartAsync(
            Mounted($"-o size={diskMebibytes}m"), yaml, _directory.Combine("data"), []);
        foreach (string target in (string[])["/a", "/b"])
        {
            using var sink = new VerifyingSink(file.Content);
            await RawClient.GetVerifiedAsync(product.EndPoint, target, sink, Deadline.Default);
            Assert.Equal(file.LengthBytes, sink.Count);
        }

        // A step that it cannot have is told once, with what the cache has come to.
        string line = await product.LineAsync("event=cache_growth_stopped");
        Assert.Contains("MiB are free, of which 64 MiB are left to others", line, StringComparison.Ordinal);
        var metrics = await RawClient.GetAsync(product.MetricsEndPoint, "/metrics");
        var allocated = Regex.Match(metrics.BodyText, @"\npingora_slice_cache_allocated_bytes (\d+)\n");
        long bytes = long.Parse(allocated.Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(bytes, (long)least << 20, (long)most << 20);
        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Directory_with_files_of_something_else()
    {
        Directory.CreateDirectory(Cache);
        await File.WriteAllTextAsync(Path.Combine(Cache, "ibdata1"), "theirs", TestContext.Current.CancellationToken);
        string line = await AssertRefusedAsync(_product.Command);
        Assert.Contains("there are files in it that are not a cache's, such as ibdata1", line, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(Cache, "ibdata1")], Directory.GetFileSystemEntries(Cache));
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Directory_of_another_process_is_left_alone_and_moved_into_once_it_is_free()
    {
        string yaml = Yaml().Replace("listen_address: 127.0.0.1:0", "listen_address: 127.0.0.1:{{port}}", StringComparison.Ordinal)
            .Replace("address: 127.0.0.1:0", "address: 127.0.0.1:{{metrics_port}}", StringComparison.Ordinal);
        await using var first = await ProductProcess.StartAsync(yaml);
        string line = await AssertRefusedAsync(_product.Command);
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $", process {first.ProcessId})"), line, StringComparison.Ordinal);

        await using var second = await ProductProcess.StartAsync(yaml + "\nl2_cache_required: false");
        Assert.Contains(" retry=30s ", await second.LineAsync("event=cache_unusable"), StringComparison.Ordinal);
        Assert.Contains(" in memory", await second.LineAsync("event=listening "), StringComparison.Ordinal);
        var health = await RawClient.GetAsync(second.EndPoint, "/health");
        var json = JsonDocument.Parse(health.BodyText).RootElement;
        Assert.Equal((200, "memory"), (health.StatusCode, json.GetProperty("cache").GetString()));
        Assert.Contains("in use by another process", json.GetProperty("cache_reason").GetString(), StringComparison.Ordinal);
        var ofFirst = await RawClient.GetAsync(first.EndPoint, "/health");
        Assert.Equal("disk", JsonDocument.Parse(ofFirst.BodyText).RootElement.GetProperty("cache").GetString());
        Assert.Equal(0, await first.StopAsync());
        Assert.Equal(0, await second.StopAsync());
    }

    // The guide: sudo -u pingora-slice /opt/pingora-slice/pingora-slice --check-config, from wherever one is.
    [Fact]
    public async Task Configuration_next_to_the_binary_is_found_from_any_directory()
    {
        await File.WriteAllTextAsync(
            _directory.Combine("bin/pingora_slice.yaml"), Yaml() + "\nslice_size: 128KiB", TestContext.Current.CancellationToken);

        var (exitCode, lines) = await ProductCopy.RunAsync("/", _product.Command, "--check-config");

        Assert.Equal(0, exitCode);
        Assert.Contains(lines, line => line.EndsWith(_directory.Combine("bin/pingora_slice.yaml"), StringComparison.Ordinal));
        Assert.Contains("slice_size: 128KiB", lines);

        // The working directory comes first.
        await File.WriteAllTextAsync(
            _directory.Combine("data/pingora_slice.yaml"), Yaml() + "\nslice_size: 256KiB", TestContext.Current.CancellationToken);
        (_, lines) = await ProductCopy.RunAsync(_directory.Combine("data"), _product.Command, "--check-config");
        Assert.Contains("slice_size: 256KiB", lines);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Check_for_the_user_of_the_service_finds_what_would_refuse_the_start()
    {
        MakeReadOnlyFor(_directory.Combine("data"));
        var (exitCode, lines) = await ProductCopy.RunAsync("/", _product.Unprivileged, "--check-config", WriteYaml());
        Assert.Equal(Configuration, exitCode);
        string line = Assert.Single(lines);
        Assert.StartsWith($"error: l2_cache_dir: {Cache}: the directory cannot be made: ", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Cache));
    }

    private static void MakeReadOnlyFor(string directory)
    {
        if (!ProductCopy.IsRoot)
        {
            ProductCopy.Restrict(directory, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    // In a mount namespace of its own: a file system of the kind that is asked for on the directory.
    private string[] Mounted(string options) =>
    [
        "unshare", .. ProductCopy.IsRoot ? Array.Empty<string>() : ["--map-root-user"], "--mount", "sh", "-c",
        $"mkdir -p '{Cache}' && mount -t tmpfs {options} tmpfs '{Cache}' && exec \"$@\"", "sh", .. _product.Command,
    ];

    private string Yaml() => $"""
        upstream_address: 127.0.0.1:9
        listen_address: 127.0.0.1:0
        metrics_endpoint:
          address: 127.0.0.1:0
        enable_l2_cache: true
        cache_size: 1GiB
        l2_cache_dir: {Cache}
        """;

    private string WriteYaml()
    {
        string path = _directory.Combine("pingora_slice.yaml");
        File.WriteAllText(path, Yaml());
        return path;
    }

    private async Task<string> AssertRefusedAsync(IReadOnlyList<string> command)
    {
        var (exitCode, lines) = await ProductCopy.RunAsync("/", command, WriteYaml());
        Assert.True(exitCode == CannotStart, $"{exitCode}: {string.Join('\n', lines)}");
        string line = Assert.Single(lines);
        Assert.Contains("event=cannot_start", line, StringComparison.Ordinal);
        Assert.Contains($"l2_cache_dir: {Cache}: ", line, StringComparison.Ordinal);
        return line;
    }
}
