using System.Text.RegularExpressions;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>What docs/deployment.md tells to type is right as far as it can be tried without changing the machine.</summary>
public sealed partial class DeploymentDocumentTests : IDisposable
{
    private readonly TestDirectory _directory = new("deployment");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Every_block_of_commands_is_bash()
    {
        string[] blocks =
        [
            .. Blocks("bash"), .. Blocks("bash", "docs/migrating-from-nginx-slice.md"), .. Blocks("bash", "docs/troubleshooting.md"),
        ];
        Assert.True(blocks.Length > 20);
        for (int block = 0; block < blocks.Length; block++)
        {
            string script = _directory.Combine($"{block}.sh");
            await File.WriteAllTextAsync(script, blocks[block], TestContext.Current.CancellationToken);
            using var bash = ChildProcess.Start("/bin/bash", ["-n", script], "bash");
            Assert.True(await bash.ExitedAsync() == 0, blocks[block] + bash.Output);
        }
    }

    [Fact]
    public void Configurations_are_valid_and_those_of_environments_go_over_the_one_of_production()
    {
        string[] blocks = [.. Blocks("yaml").Where(block => !ForPrometheus().IsMatch(block))];
        string production = Write("pingora_slice", blocks[0]);
        Assert.Equal(8, blocks.Length);
        Assert.All(blocks.Index(), block =>
        {
            ConfigurationResult read = ConfigurationReader.Read([production, Write($"{block.Index}", block.Item)]);
            Assert.Empty(read.Errors);
        });
    }

    [Theory]
    [InlineData("docs/configuration.md")]
    [InlineData("docs/origins.md")]
    [InlineData("docs/scaling.md")]
    public void Examples_of_other_documents_are_valid(string document)
    {
        string origin = Write("origin", "upstream_address: origin.example.com:80\n");
        using TestAuthority authority = new();
        string authorityFile = _directory.Combine("ca.pem");
        File.WriteAllText(authorityFile, authority.Pem);
        string[] blocks = [.. Blocks("yaml", document).Select(
            block => CaFile().Replace(block, authorityFile))];
        Assert.NotEmpty(blocks);
        Assert.All(blocks.Index(), block => Assert.Empty(ConfigurationReader.Read([origin, Write($"{block.Index}", block.Item)]).Errors));
    }

    [Fact]
    public async Task Rate_limits_are_what_nginx_takes()
    {
        string limits = Assert.Single(Blocks("nginx")).Replace("listen 80;", "listen 127.0.0.1:{{port}};", StringComparison.Ordinal);
        await using var nginx = await NginxServer.StartAsync(limits);
        Assert.Equal(502, (await RawClient.GetAsync(nginx.EndPoint, "/file")).StatusCode);
    }

    // Files that the guide installs, and sections of the documents that it sends to.
    [Fact]
    public void Files_that_are_installed_are_there()
    {
        string[] named = [.. ShippedFile().Matches(Repository.Read("docs/deployment.md")).Select(match => match.Value).Distinct()];
        Assert.True(named.Length >= 5);
        Assert.All(named, file => Assert.True(File.Exists(Path.Combine(Repository.Root, file)), file));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("README.zh.md")]
    [InlineData("docs/deployment.md")]
    [InlineData("docs/deployment.zh.md")]
    [InlineData("docs/troubleshooting.md")]
    [InlineData("docs/migrating-from-nginx-slice.md")]
    [InlineData("docs/configuration.md")]
    [InlineData("docs/deviations.md")]
    [InlineData("docs/installing.md")]
    [InlineData("docs/logging.md")]
    [InlineData("docs/monitoring.md")]
    [InlineData("docs/origins.md")]
    [InlineData("docs/purging.md")]
    [InlineData("docs/restart-and-upgrade.md")]
    [InlineData("docs/scaling.md")]
    [InlineData("benchmarks/README.md")]
    public void Headings_that_are_linked_to_are_there(string document) => Assert.All(
        Anchor().Matches(Repository.Read(document)), match =>
        {
            string target = match.Groups[1].Value;
            string path = target.Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, target);
            Assert.Contains(match.Groups[2].Value, Anchors(Repository.Read(path)));
        });

    // As forges make them: lower case, spaces to hyphens, punctuation left out.
    private static string[] Anchors(string text) =>
        [.. Heading().Matches(text).Select(match => NoAnchor().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'))];

    private string Write(string name, string text)
    {
        string path = _directory.Combine(name + ".yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private static string[] Blocks(string language, string document = "docs/deployment.md") =>
        [.. Block().Matches(Repository.Read(document))
            .Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value)];

    [GeneratedRegex("^```([a-z]+)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex("^(?:scrape_configs|groups):")]
    private static partial Regex ForPrometheus();

    [GeneratedRegex("(?<!/)systemd/[a-z@_-]+\\.[a-z]+(?![a-z.])")]
    private static partial Regex ShippedFile();

    [GeneratedRegex(@"\]\(([^)#:\s]*)#([^)\s]+)\)")]
    private static partial Regex Anchor();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("/etc/pingora-slice/[a-z-]*ca[.]pem")]
    private static partial Regex CaFile();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();
}
