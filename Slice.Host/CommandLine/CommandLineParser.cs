using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using Slice.Host.Configuration;
using Slice.Host.Demo;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>The command line.</summary>
public static class CommandLineParser
{
    // Response files (@file) and bundles of one-letter options are not offered, so they must not be understood either.
    private static readonly ParserConfiguration s_parserConfiguration =
        new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Reads a command line. Pure: prints nothing, opens nothing.</summary>
    /// <param name="arguments">The arguments, without the name of the program.</param>
    /// <returns>What to do; for an error a <see cref="ShowAndExit"/> with <see cref="ExitCode.Usage"/> that names every error.</returns>
    public static CommandLineResult Parse(IReadOnlyList<string> arguments)
    {
        CommandLineOptions options = new();
        ParseResult parsed = options.Root.Parse(arguments, s_parserConfiguration);
        Command command = parsed.CommandResult.Command;
        if (parsed.GetValue(options.Help))
        {
            return new ShowAndExit(ExitCode.Ok, HelpOf(command, options), "");
        }

        List<string> errors = FindErrors(arguments, parsed, options);
        if (errors.Count > 0)
        {
            return new ShowAndExit(ExitCode.Usage, "", Describe(errors, command == options.Root ? "" : $"{command.Name} "));
        }

        if (parsed.GetValue(options.Version))
        {
            return new ShowAndExit(ExitCode.Ok, $"{ProductVersion.Line}\n", "");
        }

        return command == options.Demo ? ToDemo(parsed, options)
            : command == options.Inspect ? ToInspect(parsed, options)
            : command == options.Control.Purge ? new PurgeCommand(options.Control.ToPurge(parsed))
            : command == options.Control.Warm ? new WarmCommand(options.Control.ToWarm(parsed))
            : command == options.Tools.Health ? options.Tools.ToHealth(parsed)
            : command == options.Tools.Completion
                ? new ShowAndExit(ExitCode.Ok, CompletionScript.For(parsed.GetValue(options.Tools.Shell)!, options), "")
            : ToRun(parsed, options);
    }

    /// <summary>The text of a command's <c>--help</c>; the program's own for its root command.</summary>
    internal static string HelpOf(Command command, CommandLineOptions options) =>
        command == options.Demo ? CommandLineHelp.Demo
        : command == options.Inspect ? CommandLineHelp.Inspect
        : command == options.Control.Purge ? ControlHelp.Purge
        : command == options.Control.Warm ? ControlHelp.Warm
        : command == options.Tools.Health ? ToolHelp.Health
        : command == options.Tools.Completion ? ToolHelp.Completion
        : CommandLineHelp.Root;

    private static InspectCommand ToInspect(ParseResult parsed, CommandLineOptions options) => new(
        parsed.GetValue(options.Directory) is { Length: > 0 } directory ? directory : null,
        options.InspectShared.ToConfiguration(parsed),
        options.InspectShared.ToUrl(parsed),
        parsed.GetValue(options.Json),
        parsed.GetValue(options.Verify),
        parsed.GetValue(options.Limit) ?? (parsed.GetValue(options.Json) ? int.MaxValue : InspectCommand.DefaultLimit));

    private static CommandLineResult ToRun(ParseResult parsed, CommandLineOptions options)
    {
        ConfigurationRequest request = new()
        {
            Files = parsed.GetValue(options.Files) ?? [],
            Port = parsed.GetValue(options.Port),
            DrainDelay = parsed.GetValue(options.DrainDelay),
            LogLevel = parsed.GetValue(options.LogLevel),
        };
        return parsed.GetValue(options.CheckConfig) ? new CheckConfigCommand(request) : new RunCommand(request);
    }

    private static DemoCommand ToDemo(ParseResult parsed, CommandLineOptions options)
    {
        DemoOptions defaults = new();
        return new DemoCommand(new DemoOptions
        {
            Once = parsed.GetValue(options.Once),
            SizeBytes = parsed.GetValue(options.Size) ?? defaults.SizeBytes,
            Latency = parsed.GetValue(options.Latency) ?? defaults.Latency,
            SliceSizeBytes = (int)(parsed.GetValue(options.SliceSize) ?? defaults.SliceSizeBytes),
            Concurrency = parsed.GetValue(options.Concurrency) ?? defaults.Concurrency,
            Port = parsed.GetValue(options.DemoPort) ?? defaults.Port,
            LogLevel = parsed.GetValue(options.LogLevel) ?? defaults.LogLevel,
        });
    }

    // The library takes what it does not know for a file, because files may stand anywhere: `--bogus` would be looked for on disk.
    private static List<string> FindErrors(IReadOnlyList<string> arguments, ParseResult parsed, CommandLineOptions options)
    {
        Command command = parsed.CommandResult.Command;
        HashSet<string> beforeSeparator = [.. arguments.TakeWhile(argument => argument != "--")];
        List<string> errors = [];
        IEnumerable<string> notUnderstood = parsed.UnmatchedTokens.Concat(
            parsed.GetResult(options.Files)?.Tokens.Select(token => token.Value) ?? [])
            .Concat(command == options.Root
                ? []
                : command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? []).Select(token => token.Value));
        foreach (string token in notUnderstood.Where(token => token.Length > 1 && token[0] == '-' && beforeSeparator.Contains(token)))
        {
            string name = token.Split('=', ':')[0];
            string? habit = command == options.Root ? HabitHint.OfOption(name) : null;
            string? nearest = NearestName.Find(name, options.NamesFor(command));
            string hint = habit is not null ? $", {habit}" : nearest is not null ? $", did you mean {nearest}?" : "";
            errors.Add($"{PrintableText.Escape(token, 80)}: unknown option{hint}");
        }

        // `pingora-slice reload` would say that there is no file "reload".
        errors.AddRange((parsed.GetValue(options.Files) ?? []).Where(beforeSeparator.Contains)
            .Select(file => (File: file, Habit: HabitHint.OfCommand(file)))
            .Where(word => word.Habit is not null)
            .Select(word => $"{word.File}: there is no such command: {word.Habit}; a file of this name is written ./{word.File}"));

        // A first word in brackets is a directive to the library, which drops those it does not know.
        errors.AddRange(parsed.Tokens.Where(token => token.Type == TokenType.Directive)
            .Select(
                token =>
                    $"{PrintableText.Escape(token.Value, 80)}: not understood; "
                    + $"a file of this name is written ./{PrintableText.Escape(token.Value, 80)}"));
        bool isReported = errors.Count > 0;
        errors.AddRange(parsed.Errors
            .Select(error => EscapeQuoted(error.Message))
            .Where(message => !isReported || !message.StartsWith("Unrecognized", StringComparison.Ordinal)));
        errors.AddRange(command == options.Root ? [] : FindErrorsBefore(command, parsed, options));
        if (command == options.Inspect && errors.Count == 0)
        {
            errors.AddRange(options.InspectShared.FindErrors(parsed, parsed.GetValue(options.Directory)));
        }

        if (errors.Count == 0 && (command == options.Control.Purge || command == options.Control.Warm))
        {
            errors.AddRange(options.Control.FindErrors(parsed));
        }

        if (errors.Count == 0)
        {
            errors.AddRange(options.Tools.FindErrors(parsed));
        }

        bool hasEmptyFile = parsed.GetValue(options.Files)?.Contains("") == true;
        return hasEmptyFile ? [.. errors, "CONFIG: an empty name is no file"] : errors;
    }

    // The library lets what stands before a command belong to the program; here it would be taken in silence and do nothing.
    private static IEnumerable<string> FindErrorsBefore(Command command, ParseResult parsed, CommandLineOptions options)
    {
        foreach (Option option in (Option[])[options.CheckConfig, options.Port, options.DrainDelay])
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                yield return $"{option.Name} before {command.Name} is the service's; the {command.Name}'s own options follow it";
            }
        }

        if (parsed.GetResult(options.Files)?.Tokens.Count > 0)
        {
            yield return $"{command.Name} takes no CONFIG";
        }
    }

    // The library quotes what it did not understand as it is. Its own words need no escapes, and ours have theirs already.
    private static string EscapeQuoted(string message) =>
        message.Any(char.IsControl) ? PrintableText.Escape(message, int.MaxValue) : message;

    private static string Describe(List<string> errors, string command)
    {
        StringBuilder text = new();
        foreach (string error in errors)
        {
            text.Append("pingora-slice: ").Append(error).Append('\n');
        }

        return text.Append(CultureInfo.InvariantCulture, $"Try: pingora-slice {command}--help\n").ToString();
    }
}
