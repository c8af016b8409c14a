using Slice.Host.CommandLine;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary>What real shells propose behind <c>pingora-slice</c>.</summary>
public sealed class CompletionScriptTests : IDisposable
{
    private readonly TestDirectory _directory = new("completion");

    public CompletionScriptTests()
    {
        Directory.CreateDirectory(Path.Combine(_directory.Path, "some dir"));
        File.WriteAllText(Path.Combine(_directory.Path, "site.yaml"), "");
        File.WriteAllText(Path.Combine(_directory.Path, "other.yml"), "");
        File.WriteAllText(Path.Combine(_directory.Path, "notes.txt"), "");
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("--che", "--check-config")]
    [InlineData("--log-level|de", "debug")]
    [InlineData("--log-level|=|wa", "warn")]
    [InlineData("--log-level|=", "trace debug info warn error")]
    [InlineData("demo|--log-level|tr", "trace")]
    [InlineData("demo|--la", "--latency")]
    [InlineData("inspect|--ver", "--verify")]
    [InlineData("inspect|", "some dir")]
    [InlineData("inspect|so", "some dir")]
    [InlineData("completion|", "bash zsh fish")]
    [InlineData("ins", "inspect")]
    [InlineData("--port|8", "")]
    [InlineData("health|--timeout|", "")]
    [InlineData("health|--config|si", "site.yaml")]
    [InlineData("base.yaml|o", "other.yml")]
    [InlineData("s", "some dir site.yaml")]
    [InlineData("no", "")]
    public async Task Bash_proposes_what_fits(string words, string expected)
    {
        string[] typed = words.Split('|');
        const string Play = """
            source /dev/stdin
            COMP_WORDS=(pingora-slice "$@")
            COMP_CWORD=$#
            _pingora_slice
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        string[] proposals = await RunAsync("bash", Script("bash"), ["--norc", "-c", Play, "bash", .. typed]);
        Assert.Equal(expected, string.Join(' ', proposals.Where(line => line.Length > 0).Distinct()));
    }

    [Theory]
    [InlineData("pingora-slice --che", "--check-config")]
    [InlineData("pingora-slice --log-level de", "debug")]
    [InlineData("pingora-slice demo --la", "--latency")]
    [InlineData("pingora-slice inspect so", "some dir/")]
    [InlineData("pingora-slice ins", "inspect")]
    [InlineData("pingora-slice completion ", "bash fish zsh")]
    [InlineData("pingora-slice health --port ", "")]
    public async Task Fish_proposes_what_fits(string line, string expected)
    {
        string[] proposals = await RunAsync(
            "fish", Script("fish"), ["--no-config", "-c", "cat | source; complete --do-complete=$argv[1]", line]);
        Assert.Equal(expected, string.Join(' ', proposals.Select(proposal => proposal.Split('\t')[0]).Order(StringComparer.Ordinal)));
    }

    // zsh completes only in front of a terminal: zpty is one.
    [Theory]
    [InlineData("pingora-slice --che", "pingora-slice --check-config")]
    [InlineData("pingora-slice ins", "pingora-slice inspect")]
    [InlineData("pingora-slice inspect --ver", "pingora-slice inspect --verify")]
    [InlineData("pingora-slice --log-level=de", "pingora-slice --log-level=debug")]
    [InlineData("pingora-slice no", "pingora-slice no")]
    public async Task Zsh_completes_what_fits(string line, string expected)
    {
        string file = Path.Combine(_directory.Path, "_pingora-slice");
        await File.WriteAllTextAsync(file, CommandText("zsh"), TestContext.Current.CancellationToken);
        const string Play = """
            zmodload zsh/zpty
            zpty shell "TERM=dumb PS1= zsh -f -i"
            zpty -w shell "unset zle_bracketed_paste; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -D"
            zpty -w shell "show() { print -r -- \"<\$BUFFER>\"; BUFFER=; zle accept-line }"
            zpty -w shell "zle -N show; bindkey '^X' show; print -r -- rea''dy"
            zpty -r shell answer '*ready*'
            zpty -w -n shell "$1"$'\t\x18'
            zpty -r shell answer '*<*>*'
            print -r -- "$answer"
            zpty -d shell
            """;
        string[] output = await RunAsync("zsh", "", ["-f", "-c", Play, "zsh", line]);
        Assert.Contains(output, text => text.Contains($"<{expected}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bash", "-n")]
    [InlineData("zsh", "-n")]
    [InlineData("fish", "--no-execute")]
    public async Task Script_is_one_that_its_shell_understands(string shell, string check)
    {
        string file = Path.Combine(_directory.Path, "script");
        await File.WriteAllTextAsync(file, CommandText(shell), TestContext.Current.CancellationToken);
        Assert.Empty(await RunAsync(shell, "", [check, file]));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Script_has_every_command_and_option(string shell)
    {
        CommandLineOptions options = new();
        string script = CommandText(shell);
        Assert.All(options.Root.Subcommands, command => Assert.Contains(command.Name, script, StringComparison.Ordinal));
        Assert.All(
            options.Root.Subcommands.Append(options.Root).SelectMany(command => command.Options),
            option => Assert.Contains(shell == "fish" ? $"-l {option.Name[2..]}" : option.Name, script, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_command_and_option_has_a_summary()
    {
        IReadOnlyList<CompletionCommand> commands = CompletionTable.Read(new CommandLineOptions());
        Assert.All(commands.Skip(1), command => Assert.NotEqual("", command.Summary));
        Assert.All(commands.SelectMany(command => command.Options), option => Assert.NotEqual("", option.Summary));
    }

    [Fact]
    public void Options_with_a_value_name_it()
    {
        CompletionCommand root = CompletionTable.Read(new CommandLineOptions())[0];
        Assert.Equal("LEVEL", root.Options.Single(option => option.Names[0] == "--log-level").ValueName);
        Assert.Equal("N", root.Options.Single(option => option.Names[0] == "--port").ValueName);
        Assert.False(root.Options.Single(option => option.Names[0] == "--check-config").HasValue);
    }

    [Theory]
    [InlineData("completion")]
    [InlineData("completion tcsh")]
    public void Unknown_shell_is_an_error(string line)
    {
        ShowAndExit show = Assert.IsType<ShowAndExit>(CommandLineParser.Parse(line.Split(' ')));
        Assert.Equal(ExitCode.Usage, show.ExitCode);
        Assert.Contains("completion needs SHELL, one of bash, zsh, fish", show.Error, StringComparison.Ordinal);
    }

    private static string CommandText(string shell) => Assert.IsType<ShowAndExit>(CommandLineParser.Parse(["completion", shell])).Output;

    private string Script(string shell)
    {
        string file = Path.Combine(_directory.Path, ".script");
        File.WriteAllText(file, CommandText(shell));
        return file;
    }

    // The shell stands in the directory; its input is the file, if one is named.
    private async Task<string[]> RunAsync(string shell, string input, string[] arguments)
    {
        string redirect = input.Length > 0 ? input : "/dev/null";
        using ChildProcess process = ChildProcess.Start(
            "sh",
            ["-c", "input=$1; shift; exec \"$@\" <\"$input\"", "sh", redirect, shell, .. arguments],
            $"Install Debian's {shell}; test.sh does.",
            _directory.Path,
            new Dictionary<string, string> { ["HOME"] = _directory.Path });
        await process.ExitedAsync();
        return [.. process.Lines];
    }
}
