using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Slice.Core.Storage;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary><c>--check-config</c>: what it prints, and where, and what it finds on the machine.</summary>
public sealed class ConfigurationCheckTests : IDisposable
{
    private const string AnyOrigin = "upstream_address: 127.0.0.1:9\n";

    private readonly TestDirectory _directory = new("check");

    private string Cache => _directory.Combine("cache");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Check_prints_the_effective_configuration_and_says_ok()
    {
        var (exitCode, output, error) = Run(AnyOrigin + "enable_l2_cache: false\n");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("slice_size: 1MiB\n", output, StringComparison.Ordinal);
        Assert.EndsWith("# configuration ok\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_prints_every_error_to_standard_error_and_fails()
    {
        var (exitCode, output, error) = Run("slice_size: 1\nmax_retries: 99\n");
        Assert.Equal((78, ""), (exitCode, output));
        Assert.Equal(3, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public void Directory_that_would_refuse_the_start_is_an_error_and_not_made()
    {
        File.WriteAllText(Cache, "theirs");
        var (exitCode, output, error) = Run(OnDisk());
        Assert.Equal((78, ""), (exitCode, output));
        Assert.StartsWith($"error: l2_cache_dir: {Cache}: this is a file and not a directory; ", error, StringComparison.Ordinal);

        File.Delete(Cache);
        Directory.CreateDirectory(Cache);
        File.WriteAllText(Path.Combine(Cache, "photo.jpg"), "theirs");
        (exitCode, _, error) = Run(OnDisk());
        Assert.Equal(78, exitCode);
        Assert.Contains("photo.jpg", error, StringComparison.Ordinal);

        // Where it is not required, the start goes on without it.
        (exitCode, _, error) = Run(OnDisk() + "l2_cache_required: false\n");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("warning: l2_cache_dir: ", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public void Directory_that_could_be_made_is_neither_an_error_nor_made()
    {
        var (exitCode, _, error) = Run(OnDisk());
        Assert.Equal((0, ""), (exitCode, error));
        Assert.False(Directory.Exists(Cache));
    }

    // The check is made before each reload, and finds the instance that is to be reloaded.
    [Fact]
    [Trait("Behaviour", "B70")]
    public void Directory_and_port_of_a_running_instance_are_warnings()
    {
        using var running = StoredObjects.OpenStore(Cache, 16 << 20, TimeProvider.System);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();

        var (exitCode, output, error) = Run(OnDisk(), listenAddress: socket.LocalEndPoint!.ToString()!);

        Assert.Equal(0, exitCode);
        Assert.EndsWith("# configuration ok\n", output, StringComparison.Ordinal);
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains($"warning: l2_cache_dir: {Cache}: the directory is in use", lines[0], StringComparison.Ordinal);
        Assert.Contains($"warning: listen_address: cannot listen on {socket.LocalEndPoint}", lines[1], StringComparison.Ordinal);
        Assert.Contains($"ss -ltnp 'sport = :{((IPEndPoint)socket.LocalEndPoint!).Port}' names it", lines[1], StringComparison.Ordinal);

        // And nothing was taken from it: the lock is still its own.
        Assert.Throws<CacheDirectoryException>(() => CacheDirectory.Open(Cache, lockAttempts: 1));
    }

    [Theory]
    [InlineData("journal", false)]
    [InlineData("stderr", false)]
    [InlineData("{0}/access.log", false)]
    [InlineData("{0}/missing/access.log", true)]
    public void Access_log_without_its_directory_is_a_warning(string path, bool isWarning)
    {
        string full = path.Replace("{0}", _directory.Path, StringComparison.Ordinal);
        var (exitCode, _, error) = Run(AnyOrigin + $"enable_l2_cache: false\naccess_log:\n  path: {full}\n");
        Assert.Equal(0, exitCode);
        Assert.Equal(
            isWarning
                ? $"warning: access_log.path: {full}: there is no directory {_directory.Path}/missing; "
                    + "lines are dropped until it is there\n"
                : "",
            error);
    }

    [Fact]
    public void Cache_larger_than_the_room_is_a_warning()
    {
        var (exitCode, _, error) = Run(OnDisk("64TiB"));
        Assert.Equal(0, exitCode);
        Assert.StartsWith($"warning: cache_size: 64TiB: the file system of {Cache} has ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, "the certificate of CN=localhost has expired on ")]
    [InlineData(3, "the certificate of CN=localhost ends in ")]
    [InlineData(30, null)]
    public void End_of_a_certificate_is_told_in_time(double days, string? expected)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(days));
        string path = _directory.Combine("tls.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        var (exitCode, _, error) = Run(
            AnyOrigin + $"enable_l2_cache: false\ntls:\n  listen_address: 127.0.0.1:0\n  certificate: {path}\n  key: {path}\n");
        Assert.True(exitCode == 0, error);
        if (expected is null)
        {
            Assert.Equal("", error);
        }
        else
        {
            Assert.StartsWith($"warning: tls.certificate: {path}: {expected}", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("127.0.0.1:443", "http://127.0.0.1:443: plain HTTP to port 443: is https:// meant?")]
    [InlineData("http://127.0.0.1:8443", "http://127.0.0.1:8443: plain HTTP to port 8443: is https:// meant?")]
    [InlineData("https://127.0.0.1:8443", null)]
    [InlineData("127.0.0.1:8080", null)]
    public void Plain_http_to_the_port_of_https_is_a_warning(string origin, string? warning)
    {
        var (exitCode, _, error) = Run($"upstream_address: {origin}\nenable_l2_cache: false\n");
        Assert.Equal((0, warning is null ? "" : $"warning: upstream_address: {warning}\n"), (exitCode, error));
    }

    [Theory]
    [InlineData("/downloads/*.iso", @"^/downloads/[^/]*\.iso$")]
    [InlineData("^/downloads/*", "^/downloads/")]
    [InlineData("/a/*/b.zip", @"^/a/[^/]*/b\.zip$")]
    [InlineData("file*.iso", @"file[^/]*\.iso$")]
    [InlineData(@"^/downloads/*\.(iso|img)$", @"^/downloads/[^/]*\.(iso|img)$")]
    [InlineData(@"^/downloads/.*\.iso$", null)]
    [InlineData("^/[^/]*/x", null)]
    [InlineData("^/(a/b)*c", null)]
    public void Pattern_of_a_shell_is_a_warning_with_the_expression_that_is_meant(string pattern, string? meant)
    {
        var (exitCode, _, error) = Run(AnyOrigin + $"enable_l2_cache: false\nslice_patterns:\n  - '{pattern}'\n");
        Assert.Equal(
            (0, meant is null
                ? ""
                : $"warning: slice_patterns: {pattern}: a regular expression, in which * repeats the character before it; "
                    + $"probably {meant} is meant\n"),
            (exitCode, error));
    }

    [Theory]
    [InlineData(4, "")]
    [InlineData(3, "warning: max_concurrent_subrequests: 4: above limits.max_origin_requests, 3, which bounds all downloads together\n")]
    public void Slices_of_one_client_above_those_of_all_are_a_warning(int ofAll, string warning) => Assert.Equal(
        warning,
        Run(AnyOrigin + $"enable_l2_cache: false\nmax_concurrent_subrequests: 4\nlimits:\n  max_origin_requests: {ofAll}\n").Error);

    // RFC 6761 §6.4: names under .invalid never resolve.
    [Fact]
    public void Name_that_does_not_resolve_is_a_warning()
    {
        var (exitCode, _, error) = Run("upstream_address: origin.invalid\nenable_l2_cache: false\n");
        Assert.Equal(
            (0, "warning: upstream_address: http://origin.invalid: the name does not resolve"),
            (exitCode, error.TrimEnd('\n').Replace(":80:", ":", StringComparison.Ordinal)));
    }

    [Fact]
    public void Origin_that_is_the_proxy_itself_is_a_warning()
    {
        int port = FreePort.Reserve();
        foreach (string listenAddress in (string[])[$"127.0.0.1:{port}", $"0.0.0.0:{port}"])
        {
            var (exitCode, _, error) = Run($"upstream_address: localhost:{port}\nenable_l2_cache: false\n", listenAddress);
            Assert.Equal(0, exitCode);
            Assert.Contains("this is the address that the proxy itself listens on", error, StringComparison.Ordinal);
        }

        var (_, _, other) = Run($"upstream_address: localhost:{port}\nenable_l2_cache: false\n", $"127.0.0.2:{port}");
        Assert.Equal("", other);
    }

    private string OnDisk(string size = "16MiB") => AnyOrigin + $"enable_l2_cache: true\nl2_cache_dir: {Cache}\ncache_size: {size}\n";

    private (int ExitCode, string Output, string Error) Run(string yaml, string listenAddress = "127.0.0.1:0")
    {
        string path = _directory.Combine("f.yaml");
        File.WriteAllText(path, yaml + $"listen_address: {listenAddress}\nmetrics_endpoint:\n  address: 127.0.0.1:0\n");
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (
            ConfigurationCheck.Run(new ConfigurationRequest { Files = [path] }, _ => null, output, error),
            output.ToString(),
            error.ToString());
    }
}
