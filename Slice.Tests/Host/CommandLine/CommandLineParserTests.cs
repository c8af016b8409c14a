using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Demo;
using Slice.Host.Service;

namespace Slice.Tests.Host.CommandLine;

public sealed class CommandLineParserTests
{
    [Fact]
    public void No_arguments_serve_from_the_default_places()
    {
        RunCommand run = Assert.IsType<RunCommand>(CommandLineParser.Parse([]));
        Assert.Empty(run.Configuration.Files);
        Assert.Null(run.Configuration.Port);
        Assert.Null(run.Configuration.LogLevel);
        Assert.Null(run.Configuration.DrainDelay);
    }

    [Theory]
    [InlineData("--drain-delay 7s", 7_000)]
    [InlineData("--drain-delay=0", 0)]
    [InlineData("--drain-delay 500ms", 500)]
    public void Drain_delay_is_a_duration(string line, int milliseconds) => Assert.Equal(
        TimeSpan.FromMilliseconds(milliseconds),
        Assert.IsType<RunCommand>(CommandLineParser.Parse(line.Split(' '))).Configuration.DrainDelay);

    [Theory]
    [InlineData("a.yaml b.yaml --port 8081 --log-level debug")]
    [InlineData("--port 8081 a.yaml --log-level DEBUG b.yaml")]
    [InlineData("--port=8081 --log-level=debug -- a.yaml b.yaml")]
    [InlineData("--port:8081 --log-level:debug a.yaml b.yaml")]
    public void Files_and_options_may_stand_in_any_order(string line)
    {
        RunCommand run = Assert.IsType<RunCommand>(CommandLineParser.Parse(line.Split(' ')));
        Assert.Equal(["a.yaml", "b.yaml"], run.Configuration.Files);
        Assert.Equal(8081, run.Configuration.Port);
        Assert.Equal(LogSeverity.Debug, run.Configuration.LogLevel);
    }

    [Fact]
    public void Check_config_is_asked_with_the_same_options()
    {
        CheckConfigCommand check = Assert.IsType<CheckConfigCommand>(CommandLineParser.Parse(["a.yaml", "--check-config", "--port", "1"]));
        Assert.Equal(["a.yaml"], check.Configuration.Files);
        Assert.Equal(1, check.Configuration.Port);
    }

    [Fact]
    public void After_two_hyphens_everything_is_a_file() =>
        Assert.Equal(
            ["--port", "demo", "-x"],
            Assert.IsType<RunCommand>(CommandLineParser.Parse(["--", "--port", "demo", "-x"])).Configuration.Files);

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("-?")]
    [InlineData("a.yaml --help --bogus")]
    public void Help_is_shown_whatever_else_is_there(string line)
    {
        ShowAndExit show = Show(line);
        Assert.Equal((ExitCode.Ok, CommandLineHelp.Root, ""), (show.ExitCode, show.Output, show.Error));
    }

    [Theory]
    [InlineData("demo --help")]
    [InlineData("--help demo")]
    public void Help_of_the_demo_is_its_own(string line) => Assert.Equal(CommandLineHelp.Demo, Show(line).Output);

    [Fact]
    public void Version_names_version_commit_and_runtime()
    {
        ShowAndExit show = Show("--version");
        Assert.Equal(ExitCode.Ok, show.ExitCode);
        Assert.Matches(
            @"^pingora-slice \d+\.\d+\.\d+ \(commit ([0-9a-f]{7}|unknown), \.NET \d+\.\d+\.\d+\S*, linux-\w+, JIT\)\n$", show.Output);
    }

    [Theory]
    [InlineData("--bogus", "--bogus: unknown option")]
    [InlineData("--prot 8081", "--prot: unknown option, did you mean --port?")]
    [InlineData("--check-confg", "--check-confg: unknown option, did you mean --check-config?")]
    [InlineData("--check_config", "--check_config: unknown option, did you mean --check-config?")]
    [InlineData("--loglevel=debug", "--loglevel=debug: unknown option, did you mean --log-level?")]
    [InlineData("--once", "--once: unknown option")]
    [InlineData("-p 1", "-p: unknown option")]
    [InlineData("demo --onc", "--onc: unknown option, did you mean --once?")]
    [InlineData("demo --check-config", "--check-config: unknown option")]
    [InlineData("--port", "--port")]
    [InlineData("--port 0", "--port: 0: not understood or out of range, allowed: 1 to 65535")]
    [InlineData("--port 65536", "--port: 65536: not understood or out of range, allowed: 1 to 65535")]
    [InlineData("--port http", "--port: http: not understood or out of range, allowed: 1 to 65535")]
    [InlineData("--port 1 --port 2", "--port")]
    [InlineData("--drain-delay 2d", "--drain-delay: 2d: not understood or out of range, allowed: 0s to 1d")]
    [InlineData("--drain-delay soon", "--drain-delay: soon: not understood or out of range, allowed: 0s to 1d")]
    [InlineData("--log-level loud", "--log-level: loud: not understood or out of range, allowed: trace, debug, info, warn or error")]
    [InlineData("--log-level 2", "--log-level: 2: not understood or out of range, allowed: trace, debug, info, warn or error")]
    [InlineData("demo --size 0", "--size: 0: not understood or out of range, allowed: 1 to 1TiB")]
    [InlineData("demo --size 2TiB", "--size: 2TiB: not understood or out of range, allowed: 1 to 1TiB")]
    [InlineData("demo --latency 11s", "--latency: 11s: not understood or out of range, allowed: 0s to 10s")]
    [InlineData("demo --slice-size 1KiB", "--slice-size: 1KiB: not understood or out of range, allowed: 64KiB to 10MiB")]
    [InlineData("demo --concurrency 65", "--concurrency: 65: not understood or out of range, allowed: 1 to 64")]
    [InlineData("demo --port -1", "--port: -1: not understood or out of range, allowed: 0 to 65535")]
    [InlineData("demo a.yaml", "a.yaml")]
    [InlineData("a.yaml demo", "demo takes no CONFIG")]
    [InlineData("--port 8081 demo", "--port before demo is the service's")]
    [InlineData("--check-config demo", "--check-config before demo is the service's")]
    public void Mistake_exits_64_and_names_itself(string line, string error)
    {
        ShowAndExit show = Show(line);
        Assert.Equal(ExitCode.Usage, show.ExitCode);
        Assert.Equal("", show.Output);
        string[] lines = show.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(error, lines[0], StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("pingora-slice: ", lines[0], StringComparison.Ordinal);
        string command = line.Split(' ').Contains("demo") ? "demo " : "";
        Assert.Equal($"Try: pingora-slice {command}--help", lines[^1]);
    }

    [Theory]
    [InlineData("-t", "-t: unknown option, write --check-config for a test of the configuration")]
    [InlineData("-t -c a.yaml", "-t: unknown option, write --check-config for a test of the configuration")]
    [InlineData("-c a.yaml", "-c: unknown option, CONFIG is positional: pingora-slice CONFIG")]
    [InlineData("--config=a.yaml", "--config=a.yaml: unknown option, CONFIG is positional: pingora-slice CONFIG")]
    [InlineData("-v", "-v: unknown option, write --version")]
    [InlineData("-s reload", "-s: unknown option, there is no such command: systemctl reload pingora-slice, or kill -HUP PID")]
    [InlineData("reload", "reload: there is no such command: systemctl reload pingora-slice, or kill -HUP PID; "
        + "a file of this name is written ./reload")]
    [InlineData("stop", "stop: there is no such command: systemctl stop pingora-slice, or kill -TERM PID; ")]
    [InlineData("restart", "restart: there is no such command: systemctl restart pingora-slice, or kill -USR2 PID for another binary; ")]
    [InlineData("version", "version: there is no such command: pingora-slice --version; ")]
    public void Habit_of_other_servers_is_answered(string line, string error)
    {
        ShowAndExit show = Show(line);
        Assert.Equal(ExitCode.Usage, show.ExitCode);
        Assert.StartsWith("pingora-slice: " + error, show.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("./reload")]
    [InlineData("-- reload")]
    public void File_with_the_name_of_a_command_elsewhere_can_be_named(string line) =>
        Assert.Single(Assert.IsType<RunCommand>(CommandLineParser.Parse(line.Split(' '))).Configuration.Files);

    [Theory]
    [InlineData("purge", "Try: pingora-slice purge --help")]
    [InlineData("warm --bogus /a", "Try: pingora-slice warm --help")]
    [InlineData("inspect", "Try: pingora-slice inspect --help")]
    [InlineData("health ftp://a", "Try: pingora-slice health --help")]
    public void Mistake_in_a_command_leads_to_its_own_help(string line, string hint) =>
        Assert.EndsWith($"\n{hint}\n", Show(line).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/health")]
    [InlineData("https://files.example.com", "https://files.example.com/health")]
    [InlineData("127.0.0.1:9090", "http://127.0.0.1:9090/health")]
    [InlineData("localhost:9090", "http://localhost:9090/health")]
    [InlineData("[::1]:9090", "http://[::1]:9090/health")]
    [InlineData("localhost:9090/up?a", "http://localhost:9090/up?a")]
    [InlineData("http://127.0.0.1:8080/", "http://127.0.0.1:8080/")]
    [InlineData("http://127.0.0.1:8080/up", "http://127.0.0.1:8080/up")]
    public void Health_without_a_path_is_not_the_front_page(string url, string asked) => Assert.Equal(
        asked, Assert.IsType<HealthCommand>(CommandLineParser.Parse(["health", url])).Url!.ToString());

    [Fact]
    public void Every_mistake_is_named()
    {
        string error = Show("--bogus --port 0 --log-level loud --nonsense").Error;
        Assert.All(
            (string[])["--bogus", "--port: 0", "--log-level: loud", "--nonsense"],
            mistake => Assert.Contains(mistake, error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--bo\ngus")]
    [InlineData("--port=\n1")]
    [InlineData("--port=\u001b[31m1")]
    public void Mistake_with_control_characters_stays_on_its_line(string argument)
    {
        ShowAndExit show = Assert.IsType<ShowAndExit>(CommandLineParser.Parse([argument]));
        Assert.Equal(2, show.Error.Count(character => char.IsControl(character)));
        Assert.Equal(2, show.Error.Count(character => character == '\n'));
    }

    [Fact]
    public void Stray_argument_of_the_demo_with_control_characters_stays_on_its_line()
    {
        ShowAndExit show = Assert.IsType<ShowAndExit>(CommandLineParser.Parse(["demo", "a\n\u001b[31m"]));
        Assert.Equal(2, show.Error.Count(character => char.IsControl(character)));
    }

    [Fact]
    public void Empty_file_name_is_a_mistake() =>
        Assert.Contains(
            "an empty name is no file", Assert.IsType<ShowAndExit>(CommandLineParser.Parse([""])).Error, StringComparison.Ordinal);

    [Fact]
    public void Response_file_and_directives_are_plain_file_names() =>
        Assert.Equal(
            ["@file", "[suggest]"], Assert.IsType<RunCommand>(CommandLineParser.Parse(["@file", "[suggest]"])).Configuration.Files);

    [Fact]
    public void Demo_has_defaults_for_everything() => Assert.Equal(new DemoCommand(new DemoOptions()), CommandLineParser.Parse(["demo"]));

    [Fact]
    public void Demo_takes_its_options() => Assert.Equal(
        new DemoCommand(new DemoOptions
        {
            Once = true,
            SizeBytes = 1 << 30,
            Latency = TimeSpan.FromMilliseconds(200),
            SliceSizeBytes = 2 << 20,
            Concurrency = 16,
            Port = 8080,
            LogLevel = LogSeverity.Info,
        }),
        CommandLineParser.Parse(
            "demo --once --size 1GiB --latency 200ms --slice-size 2MiB --concurrency 16 --port 8080 --log-level info".Split(' ')));

    private static ShowAndExit Show(string line) => Assert.IsType<ShowAndExit>(CommandLineParser.Parse(line.Split(' ')));

    // The library drops a first word in brackets that it does not know, and the default files would be served instead.
    [Fact]
    public void First_word_in_brackets_is_an_error() =>
        Assert.Contains(
            "[suggest]: not understood",
            Assert.IsType<ShowAndExit>(CommandLineParser.Parse(["[suggest]"])).Error,
            StringComparison.Ordinal);
}
