using System.Text;

namespace Slice.Host.CommandLine;

/// <summary>The completion script of zsh: a file <c>_pingora-slice</c> on <c>fpath</c>, or read by <c>source</c>.</summary>
internal static class ZshCompletion
{
    private const string Head = """
        #compdef pingora-slice
        # zsh completion of pingora-slice, made by: pingora-slice completion zsh
        _pingora-slice-configuration() { _files -g '*.(yaml|yml)(-.)' }

        """;

    // compinit runs the file as a function; source runs it by itself.
    private const string Tail = """
        if [[ ${funcstack[1]} == _pingora-slice ]]; then
            _pingora-slice "$@"
        else
            compdef _pingora-slice pingora-slice
        fi

        """;

    /// <summary>Writes the script.</summary>
    /// <param name="commands">The program itself, then its commands.</param>
    public static string Write(IReadOnlyList<CompletionCommand> commands)
    {
        StringBuilder script = new(Head);
        script.Append("_pingora-slice-first() {\n    local -a commands\n    commands=(\n");
        foreach (CompletionCommand command in commands.Skip(1))
        {
            script.Append("        ").Append(Quote($"{command.Name}:{command.Summary}")).Append('\n');
        }

        script.Append("    )\n    _describe command commands\n    _pingora-slice-configuration\n}\n\n_pingora-slice() {\n")
            .Append("    local index\n    for ((index = 2; index < CURRENT; index++)); do\n        case ${words[index]} in\n            ")
            .AppendJoin(" | ", commands.Skip(1).Select(command => command.Name)).Append(")\n")
            .Append("                shift $((index - 1)) words\n                ((CURRENT -= index - 1))\n                break\n")
            .Append("                ;;\n        esac\n    done\n    case ${words[1]} in\n");
        foreach (CompletionCommand command in commands.Skip(1))
        {
            WriteArguments(script, command.Name, command);
        }

        WriteArguments(script, "*", commands[0]);
        return script.Append("    esac\n}\n\n").Append(Tail).ToString();
    }

    private static void WriteArguments(StringBuilder script, string pattern, CompletionCommand command)
    {
        script.Append("        ").Append(pattern).Append(")\n            _arguments");
        foreach (CompletionOption option in command.Options)
        {
            string value = option.HasValue ? $":{option.ValueName.Replace(":", "\\:", StringComparison.Ordinal)}:{Action(option)}" : "";
            foreach (string name in option.Names)
            {
                string separator = option.HasValue ? "=" : "";
                script.Append(" \\\n                ").Append(Quote($"{name}{separator}[{Escape(option.Summary)}]{value}"));
            }
        }

        foreach (CompletionOption argument in command.Arguments)
        {
            string action = command.Name.Length == 0 ? "_pingora-slice-first" : Action(argument);
            script.Append(" \\\n                ").Append(Quote($"*:{argument.ValueName}:{action}"));
        }

        script.Append("\n            ;;\n");
    }

    private static string Action(CompletionOption option) => option.Value switch
    {
        CompletionValue.Words => $"({string.Join(' ', option.Words)})",
        CompletionValue.Configuration => "_pingora-slice-configuration",
        CompletionValue.Directory => "_files -/",
        _ => "",
    };

    private static string Escape(string summary) =>
        summary.Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal);

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
