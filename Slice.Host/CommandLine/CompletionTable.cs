using System.CommandLine;
using Slice.Core.Options;

namespace Slice.Host.CommandLine;

/// <summary>
/// All commands and options for completion scripts: names and values from <see cref="CommandLineOptions"/>, words from the help texts.
/// </summary>
internal static class CompletionTable
{
    // A line of a list; what is behind the first semicolon or sentence is for those who read the help.
    private static readonly string[] s_endsOfSummary = ["; ", ": ", ". ", " (default"];

    /// <summary>The program itself, then its commands.</summary>
    public static IReadOnlyList<CompletionCommand> Read(CommandLineOptions options)
    {
        HelpText root = HelpText.Parse(CommandLineParser.HelpOf(options.Root, options));
        return [ToCommand(options.Root, "", options, root),
            .. options.Root.Subcommands.Select(command => ToCommand(command, command.Name, options, root))];
    }

    private static CompletionCommand ToCommand(Command command, string name, CommandLineOptions options, HelpText root)
    {
        HelpText help = HelpText.Parse(CommandLineParser.HelpOf(command, options));
        IEnumerable<Option> inherited = command == options.Root ? [] : options.Root.Options.Where(option => option.Recursive);
        return new CompletionCommand(
            name,
            SummaryOf(name, root),
            [.. command.Options.Concat(inherited).Select(option => ToOption(option, help, root))],
            [.. command.Arguments.Select(ToArgument)]);
    }

    private static string SummaryOf(string command, HelpText root) => root.EntriesOf("Usage")
        .FirstOrDefault(entry => entry.Term.StartsWith($"pingora-slice {command} ", StringComparison.Ordinal))?.Text ?? "";

    private static CompletionOption ToOption(Option option, HelpText help, HelpText root)
    {
        string text = help.OptionText(option.Name) is { Length: > 0 } own ? own : root.OptionText(option.Name);
        bool isFlag = option.ValueType == typeof(bool);
        string valueName = isFlag ? "" : help.OptionValue(option.Name) is { Length: > 0 } named ? named : root.OptionValue(option.Name);
        (CompletionValue value, string[] words) = option.ValueType == typeof(LogSeverity?)
            ? (CompletionValue.Words, [.. Enum.GetValues<LogSeverity>().Select(LogSeverityText.Format)])
            : ValueOf(valueName);
        return new CompletionOption(
            [option.Name, .. option.Aliases.Where(alias => alias != "-?")], isFlag ? "" : valueName, value, words, Shorten(text));
    }

    private static CompletionOption ToArgument(Argument argument)
    {
        (CompletionValue value, string[] words) = ValueOf(argument.Name);
        return new CompletionOption([], argument.Name, value, words, "");
    }

    // By the name that stands for the value in usage lines.
    private static (CompletionValue Value, string[] Words) ValueOf(string name) => name switch
    {
        "CONFIG" => (CompletionValue.Configuration, []),
        "DIR" => (CompletionValue.Directory, []),
        "SHELL" => (CompletionValue.Words, [.. CompletionScript.Shells]),
        _ => (CompletionValue.Unknown, []),
    };

    private static string Shorten(string text) =>
        s_endsOfSummary.Aggregate(text, (left, end) => left.Split(end)[0]).TrimEnd('.');
}
