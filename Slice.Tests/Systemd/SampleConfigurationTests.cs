using System.Text.RegularExpressions;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Systemd;

/// <summary>The commented sample names every key with its default, and is valid as it is and with everything put to work.</summary>
public sealed partial class SampleConfigurationTests : IDisposable
{
    private readonly TestDirectory _directory = new("sample");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Sample_as_shipped_is_valid_and_has_the_defaults()
    {
        SliceOptions options = Load(Repository.Read("systemd/pingora_slice.yaml"));
        var defaults = new SliceOptions { UpstreamAddresses = options.UpstreamAddresses };
        Assert.All(OptionTable.Keys, key => Assert.Equal(key.Format(key.Read(defaults)), key.Format(key.Read(options))));
    }

    [Fact]
    public void Sample_with_every_key_put_to_work_is_valid_and_has_the_defaults_but_for_its_examples()
    {
        SliceOptions options = Load(Uncommented());
        var defaults = new SliceOptions { UpstreamAddresses = options.UpstreamAddresses };
        string[] examples =
        [
            "follow_redirects_hosts", "slice_patterns", "cache_rules", "cache_key.ignored_arguments", "cache_key.fields",
            "proxy_protocol.trusted_addresses", "trusted_proxies", "access_log.path",
        ];
        Assert.All(
            OptionTable.Keys.Where(key => !examples.Contains(key.Name)),
            key => Assert.Equal((key.Name, key.Format(key.Read(defaults))), (key.Name, key.Format(key.Read(options)))));
        Assert.Equal(["^/downloads/.*", @"^/files/.*\.(bin|iso|zip|tar\.gz)$"], options.SlicePatterns);
    }

    [Fact]
    public void Sample_names_every_key()
    {
        string[] lines = Uncommented().Split('\n');
        Assert.All(OptionTable.Keys, key => Assert.Contains(lines, line => Regex.IsMatch(line, $"^ *{Regex.Escape(key.LocalName)}:")));
    }

    [Fact]
    public void Example_of_the_readme_is_valid()
    {
        Match block = YamlBlock().Match(Repository.Read("README.md"));
        Assert.True(block.Success);
        Assert.Equal("http://origin.example.com/", Load(block.Groups[1].Value).UpstreamAddresses.Single().ToString());
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    // Prose begins with "# ", a key that is commented out with "#" alone.
    [GeneratedRegex("^#(?=[^ ]|  )", RegexOptions.Multiline)]
    private static partial Regex CommentedKey();

    private static string Uncommented() => CommentedKey().Replace(Repository.Read("systemd/pingora_slice.yaml"), "");

    private SliceOptions Load(string yaml)
    {
        string path = _directory.Combine("pingora_slice.yaml");
        File.WriteAllText(path, yaml);
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { Files = [path] }, _ => null);
        Assert.Empty(loaded.Errors);
        return loaded.Options!;
    }
}
