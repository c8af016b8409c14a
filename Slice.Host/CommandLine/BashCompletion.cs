using System.Text;

namespace Slice.Host.CommandLine;

/// <summary>The completion script of bash 4 and later; needs no bash-completion.</summary>
internal static class BashCompletion
{
    // COMP_WORDS has --name=value as three words, because = is among bash's COMP_WORDBREAKS.
    private const string Head = """
        # bash completion of pingora-slice, made by: pingora-slice completion bash
        _pingora_slice() {
            local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
            local command='' options='' kind='' words='' index
            if [[ $current == '=' ]]; then
                current=''
            elif [[ $previous == '=' ]]; then
                previous=${COMP_WORDS[COMP_CWORD - 2]}
            fi

        """;

    private const string Tail = """
            case $kind in
                words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
                directory)
                    compopt -o filenames 2>/dev/null
                    mapfile -t COMPREPLY < <(compgen -d -- "$current")
                    ;;
                configuration)
                    compopt -o filenames 2>/dev/null
                    mapfile -t COMPREPLY < <(
                        compgen -W "$words" -- "$current"
                        compgen -d -- "$current"
                        compgen -f -X '!*.yaml' -- "$current"
                        compgen -f -X '!*.yml' -- "$current"
                    )
                    ;;
                *) COMPREPLY=() ;;
            esac
        }
        complete -F _pingora_slice pingora-slice

        """;

    /// <summary>Writes the script.</summary>
    /// <param name="commands">The program itself, then its commands.</param>
    public static string Write(IReadOnlyList<CompletionCommand> commands)
    {
        StringBuilder script = new(Head);
        WriteCommands(script, commands);
        WriteValues(script, commands);
        WritePositional(script, commands);
        return script.Append(Tail).ToString();
    }

    private static void WriteCommands(StringBuilder script, IReadOnlyList<CompletionCommand> commands)
    {
        string names = string.Join(" | ", commands.Skip(1).Select(command => command.Name));
        script.Append("    for ((index = 1; index < COMP_CWORD; index++)); do\n        case ${COMP_WORDS[index]} in\n            ")
            .Append(names).Append(") command=${COMP_WORDS[index]} && break ;;\n        esac\n    done\n    case $command in\n");
        foreach (CompletionCommand command in commands)
        {
            script.Append("        ").Append(Quote(command.Name)).Append(") options='")
                .AppendJoin(' ', command.Options.SelectMany(option => option.Names)).Append("' ;;\n");
        }

        script.Append("    esac\n");
    }

    // The word behind an option that has a value is nothing else.
    private static void WriteValues(StringBuilder script, IReadOnlyList<CompletionCommand> commands)
    {
        script.Append("    case $command$previous in\n");
        foreach (CompletionCommand command in commands)
        {
            foreach (CompletionOption option in command.Options.Where(option => option.HasValue))
            {
                script.Append("        ").AppendJoin(" | ", option.Names.Select(name => command.Name + name))
                    .Append(") ").Append(Assign(option, [])).Append(" ;;\n");
            }
        }

        script.Append("    esac\n");
    }

    // Where no option waits for its value: options behind a hyphen, and words of the command otherwise.
    private static void WritePositional(StringBuilder script, IReadOnlyList<CompletionCommand> commands)
    {
        script.Append("    if [[ $kind == '' && $current == -* ]]; then\n        kind=words words=$options\n")
            .Append("    elif [[ $kind == '' ]]; then\n        case $command in\n");
        foreach (CompletionCommand command in commands.Where(command => command.Arguments.Count > 0))
        {
            string[] alsoHere = command.Name.Length == 0 ? [.. commands.Skip(1).Select(other => other.Name)] : [];
            script.Append("            ").Append(Quote(command.Name)).Append(") ").Append(Assign(command.Arguments[0], alsoHere))
                .Append(" ;;\n");
        }

        script.Append("        esac\n    fi\n");
    }

    private static string Quote(string name) => name.Length == 0 ? "''" : name;

    private static string Assign(CompletionOption option, IReadOnlyList<string> alsoHere) => option.Value switch
    {
        CompletionValue.Words => $"kind=words words='{string.Join(' ', option.Words)}'",
        CompletionValue.Configuration => $"kind=configuration words='{string.Join(' ', alsoHere)}'",
        CompletionValue.Directory => "kind=directory",
        _ => "kind=unknown",
    };
}
