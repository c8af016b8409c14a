using Slice.Core.Options;
using Slice.Host;

namespace Slice.Tests.Host;

public sealed class CommandLineTests
{
    [Fact]
    public void Nothing_means_serve_with_the_default_files()
    {
        var run = Assert.IsType<RunCommand>(CommandLine.Parse([]));
        Assert.Empty(run.Configuration.Files);
        Assert.Equal((null, null), (run.Configuration.Port, run.Configuration.LogLevel));
    }

    [Fact]
    public void Files_and_options_may_stand_in_any_order()
    {
        var run = Assert.IsType<RunCommand>(CommandLine.Parse(["base.yaml", "--port", "8081", "production.yaml", "--log-level=debug"]));
        Assert.Equal(["base.yaml", "production.yaml"], run.Configuration.Files);
        Assert.Equal((8081, LogSeverity.Debug), (run.Configuration.Port!.Value, run.Configuration.LogLevel!.Value));
    }

    [Fact]
    public void Check_config_is_a_command_of_its_own()
    {
        var check = Assert.IsType<CheckConfigCommand>(CommandLine.Parse(["--check-config", "a.yaml"]));
        Assert.Equal(["a.yaml"], check.Configuration.Files);
    }

    [Fact]
    public void Version_is_one_line()
    {
        var show = Assert.IsType<ShowAndExit>(CommandLine.Parse(["--version"]));
        Assert.Matches(@"^pingora-slice \d+\.\d+\.\d+\n$", show.Output);
        Assert.Equal((ExitCode.Ok, ""), (show.ExitCode, show.Error));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    public void Help_names_every_option(string option)
    {
        var show = Assert.IsType<ShowAndExit>(CommandLine.Parse([option]));
        Assert.Equal(ExitCode.Ok, show.ExitCode);
        var options = new CommandLineOptions();
        Assert.All(options.Root.Options, root => Assert.Contains(root.Name, show.Output, StringComparison.Ordinal));
        Assert.DoesNotContain(show.Output.Split('\n'), line => line.Length > 100);
    }

    [Fact]
    public void Help_of_the_demo_names_every_option_of_it()
    {
        var show = Assert.IsType<ShowAndExit>(CommandLine.Parse(["demo", "--help"]));
        var options = new CommandLineOptions();
        Assert.All(options.Demo.Options, demo => Assert.Contains(demo.Name, show.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Help_names_every_exit_code_of_the_program()
    {
        string help = Assert.IsType<ShowAndExit>(CommandLine.Parse(["--help"])).Output;
        int[] codes = [ExitCode.Ok, ExitCode.CannotStart, ExitCode.Usage, ExitCode.Configuration];
        Assert.All(codes, code => Assert.Matches($@"(?m)^ +{code} +\w", help));
    }

    [Fact]
    public void Demo_has_defaults_and_takes_all_of_its_options()
    {
        Assert.Equal(new DemoCommand(), CommandLine.Parse(["demo"]));
        var demo = Assert.IsType<DemoCommand>(CommandLine.Parse(
            ["demo", "--once", "--size", "1GiB", "--latency", "200ms", "--slice-size", "64KiB", "--concurrency", "16", "--port", "0", "--log-level", "info"]));
        Assert.Equal(
            new DemoCommand
            {
                Once = true,
                SizeBytes = 1L << 30,
                Latency = TimeSpan.FromMilliseconds(200),
                SliceSizeBytes = 64 << 10,
                Concurrency = 16,
                Port = 0,
                LogLevel = LogSeverity.Info,
            },
            demo);
    }

    [Theory]
    [InlineData("pingora-slice: --bogus: unknown option", "--bogus")]
    [InlineData("pingora-slice: --prot: unknown option, did you mean --port?", "--prot", "8080")]
    [InlineData("pingora-slice: --check-conifg: unknown option, did you mean --check-config?", "--check-conifg")]
    [InlineData("pingora-slice: --port: 70000: not understood or out of range, allowed: 1 to 65535", "--port", "70000")]
    [InlineData("pingora-slice: --port: x: not understood or out of range, allowed: 1 to 65535", "--port", "x")]
    [InlineData("pingora-slice: --log-level: loud: not understood or out of range, allowed: trace, debug, info, warn or error", "--log-level", "loud")]
    [InlineData("pingora-slice: --slice-size: 1: not understood or out of range, allowed: 64KiB to 10MiB", "demo", "--slice-size", "1")]
    [InlineData("pingora-slice: --latency: 11s: not understood or out of range, allowed: 0s to 10s", "demo", "--latency", "11s")]
    public void Error_names_the_option_the_value_and_what_is_allowed(string expected, params string[] arguments)
    {
        var show = Assert.IsType<ShowAndExit>(CommandLine.Parse(arguments));
        Assert.Equal((ExitCode.Usage, ""), (show.ExitCode, show.Output));
        Assert.StartsWith(expected, show.Error, StringComparison.Ordinal);
        Assert.EndsWith("Try: pingora-slice --help\n", show.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var show = Assert.IsType<ShowAndExit>(CommandLine.Parse(["--port", "x", "--bogus", "--log-level", "loud"]));
        Assert.Equal(4, show.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Word_that_the_library_would_expand_is_a_file_name() =>
        Assert.Equal(["@file"], Assert.IsType<RunCommand>(CommandLine.Parse(["@file"])).Configuration.Files);

    [Fact]
    public void Word_that_the_library_would_execute_is_an_error() =>
        Assert.Contains("[suggest]: not understood", Assert.IsType<ShowAndExit>(CommandLine.Parse(["[suggest]"])).Error, StringComparison.Ordinal);

    [Fact]
    public void After_two_dashes_everything_is_a_file() =>
        Assert.Equal(["--port"], Assert.IsType<RunCommand>(CommandLine.Parse(["--", "--port"])).Configuration.Files);
}
