using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.Systemd;

/// <summary>The shipped rotation by the real logrotate (Debian's package), with the product as a process.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class LogrotateTests : IDisposable
{
    private const string Program = "/usr/sbin/logrotate";

    private readonly TestDirectory _directory = new("logrotate");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Rotated_log_goes_on_in_a_new_file_and_no_line_is_lost()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "ok"));
        string log = _directory.Combine("access.log");
        await using var product = await ProductProcess.StartAsync(
            "listen_address: 127.0.0.1:{{port}}\n"
            + "metrics_endpoint: {address: \"127.0.0.1:{{metrics_port}}\"}\n"
            + $"upstream_address: {origin.Authority}\n"
            + "enable_cache: false\n"
            + $"access_log: {{path: \"{log}\", format: \"{{target}}\"}}\n");

        for (int rotation = 1; rotation <= 3; rotation++)
        {
            await RawClient.GetAsync(product.EndPoint, $"/{rotation}");
            await Eventually.TrueAsync(
                () => File.ReadAllText(log).EndsWith($"/{rotation}\n", StringComparison.Ordinal), () => File.ReadAllText(log));
            await RotateAsync(product.ProcessId);
            await RawClient.GetAsync(product.EndPoint, $"/{rotation}/after");
        }

        await Eventually.TrueAsync(
            () => File.ReadAllText(log).EndsWith("/3/after\n", StringComparison.Ordinal), () => File.ReadAllText(log));
        Assert.Equal(0, await product.StopAsync());
        Assert.All(
            new[] { log, log + ".1", log + ".2.gz" },
            file => Assert.Equal((UnixFileMode)Convert.ToInt32("640", 8), File.GetUnixFileMode(file)));
        var rotated = Directory.GetFiles(_directory.Path, "access.log*").Select(Path.GetFileName).Order(StringComparer.Ordinal);
        Assert.Equal(["access.log", "access.log.1", "access.log.2.gz", "access.log.3.gz"], rotated);
        string[] lines =
        [
            .. ReadCompressed("access.log.3.gz"), .. ReadCompressed("access.log.2.gz"),
            .. File.ReadAllLines(log + ".1"), .. File.ReadAllLines(log),
        ];
        Assert.Equal(
            ["/1", "/1/after", "/2", "/2/after", "/3", "/3/after"], lines.Where(line => line != "/health"));
    }

    // As the product makes the file (FileTargetTests): addresses and tokens are in it.
    [Fact]
    public void Shipped_rotation_leaves_nothing_to_everybody()
    {
        string mode = CreatedMode().Match(Repository.Read("systemd/logrotate")).Groups[1].Value;
        Assert.Equal("640", mode.TrimStart('0'));
    }

    [Fact]
    public void Shipped_rotation_has_what_operators_know()
    {
        string shipped = Repository.Read("systemd/logrotate");
        string[] guide =
        [
            "/var/log/pingora-slice/*.log {", "daily", "rotate 14", "compress", "delaycompress", "notifempty",
            "create 0640 pingora-slice pingora-slice", "sharedscripts", "postrotate", "endscript",
        ];
        Assert.All(guide, line => Assert.Contains(line, shipped.Split('\n').Select(text => text.Trim())));
    }

    // The shipped file, for files of this test, its user and its process; all else is as it ships.
    private async Task RotateAsync(int processId)
    {
        Assert.True(File.Exists(Program), "logrotate is missing: apt-get install logrotate");
        string configuration = Reload().Replace(
            Repository.Read("systemd/logrotate")
                .Replace("/var/log/pingora-slice/", _directory.Path + "/", StringComparison.Ordinal)
                .Replace("create 0640 pingora-slice pingora-slice", "create 0640", StringComparison.Ordinal),
            $"kill -HUP {processId}");
        string file = _directory.Combine("logrotate.conf");
        await File.WriteAllTextAsync(file, configuration, TestContext.Current.CancellationToken);
        using var process = ChildProcess.Start(
            Program, ["--force", "--state", _directory.Combine("state"), file], "apt-get install logrotate");
        Assert.True(await process.ExitedAsync() == 0, process.Output);
    }

    private string[] ReadCompressed(string name)
    {
        using var file = File.OpenRead(_directory.Combine(name));
        using var reader = new StreamReader(new System.IO.Compression.GZipStream(
            file, System.IO.Compression.CompressionMode.Decompress));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex(@"^\s*create (\d+) ", RegexOptions.Multiline)]
    private static partial Regex CreatedMode();

    [GeneratedRegex("systemctl reload .*")]
    private static partial Regex Reload();
}
