using System.Security.Cryptography;
using Slice.Tests.Support;

namespace Slice.Tests.Systemd;

/// <summary>
/// The Debian package and <c>install.sh</c>: what is in the package, and what becomes of a machine. Under a real systemd they are played by
/// <c>systemd/verify.sh</c>.
/// </summary>
public sealed class PackageTests : IDisposable
{
    // A package is built in a second; an installation waits for dpkg, and a loaded machine for both.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    private readonly TestDirectory _directory = new("package");

    // The published binary, or the launcher of the build beside the tests.
    private static string Binary => Environment.GetEnvironmentVariable("PINGORA_SLICE_BINARY") is { Length: > 0 } published
        ? published
        : Path.Combine(AppContext.BaseDirectory, "pingora-slice");

    private static bool IsPublished => Environment.GetEnvironmentVariable("PINGORA_SLICE_BINARY") is { Length: > 0 };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Package_has_binary_units_configuration_manual_and_completions_with_their_modes()
    {
        string[] listing = await RunAsync("dpkg-deb", "--contents", await BuildAsync("a"));
        (string Mode, string Path)[] expected =
        [
            ("-rwxr-xr-x", "./opt/pingora-slice/pingora-slice"),
            ("lrwxrwxrwx", "./usr/bin/pingora-slice"),
            ("-rw-r-----", "./etc/pingora-slice/pingora_slice.yaml"),
            ("-rw-r--r--", "./usr/lib/sysusers.d/pingora-slice.conf"),
            ("-rw-r--r--", "./usr/share/man/man1/pingora-slice.1.gz"),
            ("-rw-r--r--", "./usr/share/man/man5/pingora_slice.yaml.5.gz"),
            ("-rw-r--r--", "./usr/share/bash-completion/completions/pingora-slice"),
            ("-rw-r--r--", "./usr/share/zsh/vendor-completions/_pingora-slice"),
            ("-rw-r--r--", "./usr/share/fish/vendor_completions.d/pingora-slice.fish"),
            ("-rw-r--r--", "./usr/share/doc/pingora-slice/copyright"),
            .. UnitFiles().Select(unit => ("-rw-r--r--", $"./lib/systemd/system/{unit}")),
        ];
        var entries = listing.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(fields => (Mode: fields[0], Owner: fields[1], Path: fields[5]))
            .ToArray();
        Assert.Contains("pingora-slice@.service", UnitFiles());
        Assert.All(expected, entry => Assert.Contains(entries, packed => (packed.Mode, packed.Path) == entry));
        Assert.All(entries, entry => Assert.Equal("root/root", entry.Owner));
        Assert.DoesNotContain(entries, entry => entry.Mode[0] != 'l' && entry.Mode[8] == 'w');
    }

    [Fact]
    public async Task Everything_below_etc_is_a_conffile()
    {
        string package = await BuildAsync("a");
        string[] packed = [.. (await RunAsync("dpkg-deb", "--contents", package))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5])
            .Where(path => path.StartsWith("./etc/", StringComparison.Ordinal) && !path.EndsWith('/'))
            .Select(path => path[1..])
            .Order(StringComparer.Ordinal)];
        Assert.Contains("/etc/pingora-slice/pingora_slice.yaml", packed);
        Assert.Equal(packed, await RunAsync("dpkg-deb", "--info", package, "conffiles"));
    }

    [Fact]
    public async Task Control_says_what_the_binary_needs()
    {
        string package = await BuildAsync("a");
        Assert.Matches(@"^adduser, libc6 \(>= 2\.\d+\)$", Assert.Single(await RunAsync("dpkg-deb", "--field", package, "Depends")));
        Assert.Matches(@"^\d+\.\d+\.\d+.*-1$", Assert.Single(await RunAsync("dpkg-deb", "--field", package, "Version")));
    }

    [Fact]
    public async Task Same_commit_and_binary_give_the_same_bytes()
    {
        string first = await BuildAsync("a");
        string second = await BuildAsync("b", "umask 077; export TZ=Asia/Tokyo LC_ALL=C;");
        Assert.NotEqual(first, second);
        Assert.Equal(Sha256(first), Sha256(second));
    }

    [Fact]
    public async Task Lintian_finds_no_error_and_no_warning_but_known_ones()
    {
        // deb-systemd-helper may be gone in postrm, so its path is asked for; policy-rc.d is not on the path; nobody asked Debian for it.
        const string Known = "command-with-path-in-maintainer-script,initial-upload-closes-no-bugs";
        string package = await BuildAsync("a");
        string[] asRoot = Environment.IsPrivilegedProcess ? ["--allow-root"] : [];
        Assert.Empty(await RunAsync("lintian", [.. asRoot, "--suppress-tags", Known, "--fail-on", "error,warning", package]));
    }

    [Fact]
    public async Task Life_of_package_and_installer_is_as_promised()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: mounts an overlay and installs in it");
        string older = await BuildAsync("a");
        string newer = await BuildAsync("b", options: "--version 999.0.0");
        string[] lines = await RunAsync(
            "unshare", "--mount", "bash", Shipped("systemd/debian/play.sh"), older, newer, Binary, IsPublished ? "run" : "");
        Assert.DoesNotContain(lines, line => line.StartsWith("FAILED", StringComparison.Ordinal));
        Assert.Matches("^[1-9][0-9]+ passed, 0 failed$", lines[^1]);
    }

    [Fact]
    public async Task Root_of_the_image_is_enough_for_the_binary()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && IsPublished, "needs root for chroot, and the published binary");
        string root = Path.Combine(_directory.Path, "image");
        await RunAsync("bash", Shipped("systemd/container-root.sh"), Binary, root);
        Assert.Contains("Native AOT", Assert.Single(await RunInAsync(root, "--version")), StringComparison.Ordinal);
        await RunInAsync(root, "demo", "--once", "--size", "1MiB", "--latency", "1ms");
        Assert.DoesNotContain(Directory.GetFiles(root, "*", SearchOption.AllDirectories), file => Path.GetFileName(file) is "sh" or "bash");
    }

    // What the recipe copies and runs is there, and the image runs as nobody's user with a check of its own.
    [Fact]
    public void Containerfile_builds_from_what_is_here_and_runs_without_root_and_shell()
    {
        string[] lines = Repository.Read("systemd/Containerfile").Split('\n');
        Assert.Contains("FROM scratch", lines);
        Assert.Contains("USER 65532:65532", lines);
        Assert.Contains(
            lines, line => line.StartsWith("HEALTHCHECK ", StringComparison.Ordinal)
                && line.Contains("CMD [\"/opt/pingora-slice/pingora-slice\", \"health\"", StringComparison.Ordinal));
        Assert.Contains("ENTRYPOINT [\"/opt/pingora-slice/pingora-slice\"]", lines);
        Assert.DoesNotContain(
            lines.SkipWhile(line => line != "FROM scratch"), line => line.StartsWith("RUN ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("systemd/container-root.sh", StringComparison.Ordinal));
        Assert.True(File.Exists(Shipped("systemd/container-root.sh")));
    }

    [Theory]
    [InlineData("systemd/package.sh --bogus")]
    [InlineData("systemd/install.sh --bogus")]
    [InlineData("systemd/install.sh --purge")]
    [InlineData("systemd/install.sh --prefix relative")]
    public async Task Wrong_command_line_of_a_script_is_told(string line)
    {
        string[] words = line.Split(' ');
        using ChildProcess script = ChildProcess.Start("bash", [Shipped(words[0]), .. words[1..]], "bash is needed.");
        Assert.Equal(64, await script.ExitedAsync());
        Assert.Contains(words[1], script.Output, StringComparison.Ordinal);
    }

    private static string[] UnitFiles() => [.. Directory.GetFiles(Shipped("systemd"))
        .Where(path => Path.GetExtension(path) is ".service" or ".socket")
        .Select(path => Path.GetFileName(path)!)];

    private static string Shipped(string path) => Path.Combine(Repository.Root, path);

    private static string Sha256(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private async Task<string> BuildAsync(string name, string before = "", string options = "") => (await RunAsync(
        "bash",
        "-c",
        $"{before} exec bash \"$1\" --binary \"$2\" --output \"$3\" {options}",
        "bash",
        Shipped("systemd/package.sh"),
        Binary,
        Path.Combine(_directory.Path, name)))[^1];

    // As a container engine does it: devices and processes are there, and the user is the image's.
    private static Task<string[]> RunInAsync(string root, params string[] arguments) => RunAsync(
        "unshare",
        [
            "--mount",
            "sh",
            "-c",
            "root=$1; shift; mkdir -p $root/dev $root/proc && mount --rbind /dev $root/dev && mount --rbind /proc $root/proc && "
                + "exec chroot --userspec=65532:65532 $root /opt/pingora-slice/pingora-slice \"$@\"",
            "sh",
            root,
            .. arguments,
        ]);

    private static async Task<string[]> RunAsync(string program, params string[] arguments)
    {
        using ChildProcess process = ChildProcess.Start(program, arguments, "bash test.sh installs what is missing.");
        int exitCode = await process.ExitedAsync(s_patience);
        Assert.True(exitCode == 0, process.Output);
        return [.. process.Lines];
    }
}
