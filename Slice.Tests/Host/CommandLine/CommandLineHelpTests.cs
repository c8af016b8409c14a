using System.CommandLine;
using System.Text.RegularExpressions;
using Slice.Host.CommandLine;
using Slice.Host.Service;

namespace Slice.Tests.Host.CommandLine;

public sealed class CommandLineHelpTests
{
    private const int TerminalColumns = 100;

    [Fact]
    public void Help_describes_every_option_and_no_other()
    {
        CommandLineOptions options = new();
        Assert.Equal(LongNames(options.Root.Options), OptionsIn(CommandLineHelp.Root));
    }

    [Fact]
    public void Help_of_the_demo_describes_every_option_and_no_other()
    {
        CommandLineOptions options = new();
        Assert.Equal(
            LongNames(options.Demo.Options.Concat(options.Root.Options.Where(option => option.Recursive))),
            OptionsIn(CommandLineHelp.Demo));
    }

    [Fact]
    public void Help_of_health_and_completion_describes_every_option_and_no_other()
    {
        CommandLineOptions options = new();
        Assert.Equal([.. LongNames(options.Tools.Health.Options), "--help"], OptionsIn(ToolHelp.Health)
            .OrderBy(name => name == "--help"));
        Assert.Equal(["--help"], OptionsIn(ToolHelp.Completion));
    }

    [Fact]
    public void Help_names_every_exit_code() => Assert.All(
        (int[])[ExitCode.Ok, ExitCode.CannotStart, ExitCode.Damaged, ExitCode.Usage, ExitCode.Configuration],
        code => Assert.Matches($@"(?m)^  {code} +\w", CommandLineHelp.Root));

    [Fact]
    public void Examples_are_understood() => Assert.All(
        ExamplesIn(CommandLineHelp.Root).Concat(ExamplesIn(CommandLineHelp.Demo)).Concat(ExamplesIn(ToolHelp.Health)),
        example => Assert.IsNotType<ShowAndExit>(CommandLineParser.Parse(example.Split(' ')[1..])));

    [Fact]
    public void Help_fits_a_terminal() =>
        Assert.All(
            (CommandLineHelp.Root + CommandLineHelp.Demo + ToolHelp.Health + ToolHelp.Completion).Split('\n'),
            line => Assert.True(line.Length <= TerminalColumns, line));

    private static string[] LongNames(IEnumerable<Option> options) =>
        [.. options.Select(option => option.Name).Order(StringComparer.Ordinal)];

    // An option's own line begins with it, after an optional one-letter name.
    private static string[] OptionsIn(string help) =>
        [.. Regex.Matches(help, @"(?m)^  (?:-\w, )?(--[a-z-]+)").Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)];

    private static string[] ExamplesIn(string help)
    {
        string[] lines = help[help.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n')[1..];
        string[] examples = [.. lines.Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.NotEmpty(examples);
        return examples;
    }
}
