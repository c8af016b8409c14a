using System.Text;

namespace Slice.Host.CommandLine;

/// <summary>The completion script of fish 3 and later.</summary>
internal static class FishCompletion
{
    /// <summary>Writes the script.</summary>
    /// <param name="commands">The program itself, then its commands.</param>
    public static string Write(IReadOnlyList<CompletionCommand> commands)
    {
        StringBuilder script = new("# fish completion of pingora-slice, made by: pingora-slice completion fish\n");
        script.Append("complete -c pingora-slice -f\n");
        string all = string.Join(' ', commands.Skip(1).Select(command => command.Name));
        foreach (CompletionCommand command in commands)
        {
            string condition = command.Name.Length == 0
                ? $"not __fish_seen_subcommand_from {all}"
                : $"__fish_seen_subcommand_from {command.Name}";
            foreach (CompletionOption option in command.Options)
            {
                Begin(script, condition).AppendJoin("", option.Names.Select(FlagOf)).Append(ValueOf(option));
                End(script, option.Summary);
            }

            foreach (CompletionOption argument in command.Arguments.Where(argument => argument.Value != CompletionValue.Unknown))
            {
                Begin(script, condition).Append(ValueOf(argument).Replace(" -x", "", StringComparison.Ordinal));
                End(script, "");
            }
        }

        foreach (CompletionCommand command in commands.Skip(1))
        {
            Begin(script, $"not __fish_seen_subcommand_from {all}").Append(" -a ").Append(command.Name);
            End(script, command.Summary);
        }

        return script.ToString();
    }

    private static StringBuilder Begin(StringBuilder script, string condition) =>
        script.Append("complete -c pingora-slice -n ").Append(Quote(condition));

    private static void End(StringBuilder script, string summary)
    {
        if (summary.Length > 0)
        {
            script.Append(" -d ").Append(Quote(summary));
        }

        script.Append('\n');
    }

    private static string FlagOf(string name) =>
        name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}";

    // -x: a value is needed, and files are none; -r -F: a value is needed, and files are some.
    private static string ValueOf(CompletionOption option) => option.Value switch
    {
        _ when !option.HasValue => "",
        CompletionValue.Words => $" -x -a {Quote(string.Join(' ', option.Words))}",
        CompletionValue.Configuration => option.Names.Count > 0 ? " -r -F" : " -F",
        CompletionValue.Directory => " -x -a '(__fish_complete_directories)'",
        _ => " -x",
    };

    private static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
