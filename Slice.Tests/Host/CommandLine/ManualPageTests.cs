using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary>The shipped manual pages say what the binary's own help and the option table say, and roff understands them.</summary>
public sealed class ManualPageTests
{
    private const string CommandPage = "systemd/man/pingora-slice.1";
    private const string ConfigurationPage = "systemd/man/pingora_slice.yaml.5";

    // With SLICE_WRITE_DOCS=1 the pages are written instead of compared.
    [Theory]
    [InlineData(CommandPage)]
    [InlineData(ConfigurationPage)]
    public void Page_is_made_from_help_and_option_table(string path)
    {
        string expected = Write(path);
        if (Environment.GetEnvironmentVariable("SLICE_WRITE_DOCS") == "1")
        {
            File.WriteAllText(Path.Combine(Repository.Root, path), expected);
        }

        Assert.Equal(expected, Repository.Read(path));
    }

    [Fact]
    public void Page_of_the_command_has_every_command_and_option()
    {
        CommandLineOptions options = new();
        string page = ManualPages.Command();
        Assert.All(options.Root.Subcommands, command => Assert.Contains($"\n.SS {command.Name}\n", page, StringComparison.Ordinal));
        Assert.All(
            options.Root.Subcommands.Append(options.Root).SelectMany(command => command.Options),
            option => Assert.Contains(option.Name.Replace("-", "\\-", StringComparison.Ordinal), page, StringComparison.Ordinal));
    }

    [Fact]
    public void Page_of_the_configuration_has_every_key() => Assert.All(
        OptionTable.Keys, key => Assert.Contains($"\n.B {key.Name}\n", ManualPages.Configuration(), StringComparison.Ordinal));

    [Theory]
    [InlineData(CommandPage)]
    [InlineData(ConfigurationPage)]
    public void No_page_names_a_place_of_this_machine(string path) =>
        Assert.DoesNotContain(Repository.Root, Write(path).Replace("\\-", "-", StringComparison.Ordinal), StringComparison.Ordinal);

    [Theory]
    [InlineData(CommandPage)]
    [InlineData(ConfigurationPage)]
    public async Task Roff_has_no_complaint(string path)
    {
        using ChildProcess groff = ChildProcess.Start(
            "groff",
            ["-man", "-Tutf8", "-ww", "-z", Path.Combine(Repository.Root, path)],
            "Install Debian's groff-base; test.sh does.");
        Assert.Equal(0, await groff.ExitedAsync());
        Assert.Empty(groff.Lines);
    }

    [Theory]
    [InlineData(CommandPage)]
    [InlineData(ConfigurationPage)]
    public async Task Mandoc_has_no_complaint(string path)
    {
        // The date stands in the changelog; the file's own would change with each build.
        using ChildProcess mandoc = ChildProcess.Start(
            "mandoc", ["-Tlint", "-Wwarning", Path.Combine(Repository.Root, path)], "Install Debian's mandoc; test.sh does.");
        await mandoc.ExitedAsync();
        Assert.DoesNotContain(mandoc.Lines, line => !line.Contains("missing date", StringComparison.Ordinal));
    }

    private static string Write(string path) => path == CommandPage ? ManualPages.Command() : ManualPages.Configuration();
}
