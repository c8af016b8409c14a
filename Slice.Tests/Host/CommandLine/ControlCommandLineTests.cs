using System.CommandLine;
using System.Text.RegularExpressions;
using Slice.Core.Objects;
using Slice.Host.CommandLine;
using Slice.Host.Control;
using Slice.Host.Service;

namespace Slice.Tests.Host.CommandLine;

/// <summary>The command lines of <c>purge</c> and <c>warm</c>.</summary>
public sealed class ControlCommandLineTests
{
    [Fact]
    public void Purge_takes_urls_and_options_in_any_order()
    {
        PurgeOrder order = Purge("purge /a --soft http://files.example/b --json --instance [::1]:9090 --token t0ken");
        Assert.Null(order.Scope);
        Assert.Equal(["/a", "http://files.example/b"], order.Urls.Select(url => url.Text));
        Assert.True(order.IsSoft && order.Json);
        Assert.Equal(("[::1]:9090", "t0ken"), (order.Instance.Address, order.Instance.Token));
    }

    [Fact]
    public void Purge_of_many_says_what_of()
    {
        Assert.Equal(PurgeScope.All, Purge("purge --all").Scope);
        Assert.Equal(PurgeScope.Prefix, Purge("purge --prefix /a --prefix /b").Scope);
        Assert.Equal(["/a", "/b"], Purge("purge --prefix /a --prefix /b").Urls.Select(url => url.Text));
        Assert.Equal(PurgeScope.Tags, Purge("purge --tag a --tag b").Scope);
        Assert.Equal(["a", "b"], Purge("purge --tag a --tag b").Tags);
    }

    [Fact]
    public void Configuration_is_named_as_for_serving()
    {
        var purge = Purge("purge --config a.yaml --config b.yaml /x --port 8081").Instance.Configuration;
        Assert.Equal(["a.yaml", "b.yaml"], purge.Files);
        Assert.Equal(8081, purge.Port);
        var warm = Assert.IsType<WarmCommand>(Parse("warm --config a.yaml /x --port 8081")).Order.Instance.Configuration;
        Assert.Equal(("a.yaml", 8081), (Assert.Single(warm.Files), warm.Port));
    }

    [Fact]
    public void Warm_takes_urls_and_a_hyphen()
    {
        WarmOrder order = Assert.IsType<WarmCommand>(Parse("warm /a - --parallel 7")).Order;
        Assert.Equal(["/a", "-"], order.Urls);
        Assert.Equal(7, order.Parallel);
        Assert.Equal(2, Assert.IsType<WarmCommand>(Parse("warm -")).Order.Parallel);
    }

    [Theory]
    [InlineData("purge", "one of URL, --prefix, --tag and --all")]
    [InlineData("purge /a --all", "one of URL, --prefix, --tag and --all")]
    [InlineData("purge --prefix /a --tag b", "one of URL, --prefix, --tag and --all")]
    [InlineData("purge a", "a: not understood, allowed: a path that begins with /")]
    [InlineData("purge --prefix a", "a: not understood, allowed: a path that begins with /")]
    [InlineData("purge -", "-: not understood")]
    [InlineData("purge /a --sfot", "--sfot: unknown option, did you mean --soft?")]
    [InlineData("purge /a --instance nowhere", "--instance: nowhere: not understood, allowed: HOST:PORT")]
    [InlineData("purge /a --instance a:0", "--instance: a:0: not understood")]
    [InlineData("purge --prefix", "--prefix")]
    [InlineData("purge /a --port 0", "--port: 0: not understood or out of range, allowed: 1 to 65535")]
    [InlineData("--check-config purge /a", "--check-config before purge")]
    [InlineData("a.yaml purge /a", "purge takes no CONFIG")]
    [InlineData("warm", "warm needs URL")]
    [InlineData("warm a", "a: not understood")]
    [InlineData("warm /a --parallel 0", "--parallel: 0: not understood or out of range, allowed: 1 to 64")]
    [InlineData("warm /a --soft", "--soft: unknown option")]
    public void Anything_else_is_64_and_says_what_is_wrong(string line, string message)
    {
        var show = Assert.IsType<ShowAndExit>(Parse(line));
        Assert.Equal((ExitCode.Usage, ""), (show.ExitCode, show.Output));
        Assert.Contains(message, show.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--token", "")]
    [InlineData("--token", "two words")]
    [InlineData("--tag", " ")]
    [InlineData("--tag", "a\r\nX: y")]
    public void Value_that_would_not_be_a_field_value_is_64(string option, string value)
    {
        string[] urls = option == "--tag" ? [] : ["/a"];
        Assert.Equal(ExitCode.Usage, Assert.IsType<ShowAndExit>(CommandLineParser.Parse(["purge", .. urls, option, value])).ExitCode);
    }

    [Theory]
    [InlineData("purge --help")]
    [InlineData("warm -h")]
    public void Help_is_of_the_command(string line)
    {
        var show = Assert.IsType<ShowAndExit>(Parse(line));
        Assert.Equal((ExitCode.Ok, ""), (show.ExitCode, show.Error));
        Assert.Equal(line.StartsWith("purge", StringComparison.Ordinal) ? ControlHelp.Purge : ControlHelp.Warm, show.Output);
    }

    [Fact]
    public void Help_describes_every_option_and_no_other()
    {
        CommandLineOptions options = new();
        // A severity of the log is of no use to a command that logs nothing.
        Assert.Equal(LongNames(options.Control.Purge, options), OptionsIn(ControlHelp.Purge));
        Assert.Equal(LongNames(options.Control.Warm, options), OptionsIn(ControlHelp.Warm));
    }

    [Fact]
    public void Help_fits_a_terminal_and_its_examples_are_understood()
    {
        foreach (string help in (string[])[ControlHelp.Purge, ControlHelp.Warm])
        {
            Assert.All(help.Split('\n'), line => Assert.True(line.Length <= 100, line));
            string[] examples = help[help.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n')[1..];
            Assert.All(
                examples.Select(line => line.Trim()).Where(line => line.Length > 0),
                example => Assert.IsNotType<ShowAndExit>(CommandLineParser.Parse(example.Split(' ')[1..])));
        }
    }

    private static CommandLineResult Parse(string line) => CommandLineParser.Parse(line.Split(' '));

    private static PurgeOrder Purge(string line) => Assert.IsType<PurgeCommand>(Parse(line)).Order;

    private static string[] LongNames(Command command, CommandLineOptions options) =>
        [.. command.Options.Append(options.Help).Select(option => option.Name).Order(StringComparer.Ordinal)];

    private static string[] OptionsIn(string help) =>
        [.. Regex.Matches(help, @"(?m)^  (?:-\w, )?(--[a-z-]+)").Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)];
}
