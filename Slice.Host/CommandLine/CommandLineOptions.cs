using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Slice.Core.Options;
using Slice.Host.Demo;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>
/// The commands and options of the command line, and how each value is read. The words of <c>--help</c> are in <see
/// cref="CommandLineHelp"/>.
/// </summary>
internal sealed class CommandLineOptions
{
    private static readonly OptionKey s_sliceSize = OptionTable.Find("slice_size")!;
    private static readonly OptionKey s_concurrency = OptionTable.Find("max_concurrent_subrequests")!;
    private static readonly OptionKey s_drainDelay = OptionTable.Find("timeouts.drain_delay")!;

    public CommandLineOptions()
    {
        // Only what is listed here exists: the library's own help, version and suggestion directive would print by themselves.
        Root.Options.Clear();
        Root.Directives.Clear();
        foreach (Option option in (Option[])[CheckConfig, Port, DrainDelay, LogLevel, Version, Help])
        {
            Root.Options.Add(option);
        }

        Root.Arguments.Add(Files);
        foreach (Option option in (Option[])[Once, Size, Latency, SliceSize, Concurrency, DemoPort])
        {
            Demo.Options.Add(option);
        }

        Inspect.Arguments.Add(Directory);
        foreach (Option option in (Option[])[Json, Verify, Limit, .. InspectShared.All])
        {
            Inspect.Options.Add(option);
        }

        Root.Subcommands.Add(Demo);
        Root.Subcommands.Add(Inspect);
        Root.Subcommands.Add(Control.Purge);
        Root.Subcommands.Add(Control.Warm);
        Root.Subcommands.Add(Tools.Health);
        Root.Subcommands.Add(Tools.Completion);

        // Never run. A command that has subcommands and no action counts as incomplete, and serving takes no subcommand.
        Root.SetAction(static _ => { });
    }

    public RootCommand Root { get; } = new();

    public Argument<string[]> Files { get; } = new("CONFIG") { Arity = ArgumentArity.ZeroOrMore };

    public Option<bool> CheckConfig { get; } = new("--check-config");

    public Option<int?> Port { get; } = new("--port") { CustomParser = token => ReadPort(token, minimum: 1) };

    public Option<TimeSpan?> DrainDelay { get; } = new("--drain-delay") { CustomParser = ReadDrainDelay };

    public Option<LogSeverity?> LogLevel { get; } = new("--log-level") { CustomParser = ReadLogLevel, Recursive = true };

    public Option<bool> Version { get; } = new("--version");

    public Option<bool> Help { get; } = new("--help", "-h", "-?") { Recursive = true };

    public Command Demo { get; } = new("demo");

    public Command Inspect { get; } = new("inspect");

    public Argument<string?> Directory { get; } = new("DIR") { Arity = ArgumentArity.ZeroOrOne };

    public Option<bool> Json { get; } = new("--json");

    public Option<bool> Verify { get; } = new("--verify");

    public Option<int?> Limit { get; } = new("--limit") { CustomParser = token => ReadCount(token, 1, int.MaxValue, "1 to 2147483647") };

    /// <summary>What else <c>inspect</c> looks at.</summary>
    public InspectOptions InspectShared { get; } = new(name => new(name) { CustomParser = token => ReadPort(token, minimum: 1) });

    /// <summary>The commands that speak to a running instance.</summary>
    public ControlOptions Control { get; } = new(name => new(name) { CustomParser = token => ReadPort(token, minimum: 1) });

    /// <summary>The commands for packages and containers.</summary>
    public ToolOptions Tools { get; } = new(name => new(name) { CustomParser = token => ReadPort(token, minimum: 1) });

    public Option<bool> Once { get; } = new("--once");

    public Option<long?> Size { get; } = new("--size")
    {
        CustomParser = token => ReadSize(token, DemoOptions.MinimumSizeBytes, DemoOptions.MaximumSizeBytes),
    };

    public Option<TimeSpan?> Latency { get; } = new("--latency") { CustomParser = ReadLatency };

    public Option<long?> SliceSize { get; } = new("--slice-size")
    {
        CustomParser = token => ReadSize(token, s_sliceSize.Minimum, s_sliceSize.Maximum),
    };

    public Option<int?> Concurrency { get; } = new("--concurrency")
    {
        CustomParser = token => ReadCount(token, s_concurrency.Minimum, s_concurrency.Maximum, s_concurrency.Allowed),
    };

    public Option<int?> DemoPort { get; } = new("--port") { CustomParser = token => ReadPort(token, minimum: 0) };

    /// <summary>Every name of an option that may stand with this command.</summary>
    public IEnumerable<string> NamesFor(Command command) =>
        command.Options.Concat(Root.Options.Where(option => option.Recursive)).SelectMany(option => option.Aliases.Prepend(option.Name));

    private static int? ReadPort(ArgumentResult argument, int minimum) => ReadCount(
        argument, minimum, 65_535, string.Create(CultureInfo.InvariantCulture, $"{minimum} to 65535"));

    /// <summary>Reads a number within bounds; null, and an error that says what is allowed, when it is none.</summary>
    internal static int? ReadCount(ArgumentResult argument, long minimum, long maximum, string allowed)
    {
        bool isAllowed = WholeNumber.TryParse(Text(argument), out long number) && number >= minimum && number <= maximum;
        return isAllowed ? (int)number : Refuse<int>(argument, allowed);
    }

    private static long? ReadSize(ArgumentResult argument, long minimumBytes, long maximumBytes)
    {
        bool isAllowed = ByteSizeText.TryParse(Text(argument), out long sizeBytes)
            && sizeBytes >= minimumBytes
            && sizeBytes <= maximumBytes;
        return isAllowed
            ? sizeBytes
            : Refuse<long>(argument, $"{ByteSizeText.Format(minimumBytes)} to {ByteSizeText.Format(maximumBytes)}");
    }

    private static TimeSpan? ReadLatency(ArgumentResult argument)
    {
        bool isAllowed = DurationText.TryParse(Text(argument), out TimeSpan latency)
            && latency >= TimeSpan.Zero && latency <= DemoOptions.MaximumLatency;
        return isAllowed ? latency : Refuse<TimeSpan>(argument, $"0s to {DurationText.Format(DemoOptions.MaximumLatency)}");
    }

    private static TimeSpan? ReadDrainDelay(ArgumentResult argument)
    {
        bool isAllowed = DurationText.TryParse(Text(argument), out TimeSpan delay)
            && delay >= TimeSpan.Zero && delay <= TimeSpan.FromMilliseconds(s_drainDelay.Maximum);
        return isAllowed ? delay : Refuse<TimeSpan>(argument, s_drainDelay.Allowed);
    }

    private static LogSeverity? ReadLogLevel(ArgumentResult argument) =>
        LogSeverityText.TryParse(Text(argument), out LogSeverity severity)
            ? severity
            : Refuse<LogSeverity>(argument, LogSeverityText.Syntax);

    private static string Text(ArgumentResult argument) => argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";

    private static T? Refuse<T>(ArgumentResult argument, string allowed)
        where T : struct
    {
        string name = (argument.Parent as OptionResult)?.Option.Name ?? "";
        argument.AddError($"{name}: {PrintableText.Escape(Text(argument), 80)}: not understood or out of range, allowed: {allowed}");
        return null;
    }
}
