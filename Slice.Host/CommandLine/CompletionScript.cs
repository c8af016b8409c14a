namespace Slice.Host.CommandLine;

/// <summary>The scripts of <c>completion</c>: what a shell proposes at the tabulator key.</summary>
internal static class CompletionScript
{
    /// <summary>The shells that have one.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish"];

    /// <summary>The script of a shell, one of <see cref="Shells"/>.</summary>
    public static string For(string shell, CommandLineOptions options)
    {
        IReadOnlyList<CompletionCommand> commands = CompletionTable.Read(options);
        string text = shell switch
        {
            "bash" => BashCompletion.Write(commands),
            "zsh" => ZshCompletion.Write(commands),
            "fish" => FishCompletion.Write(commands),
            _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, "no script for this shell"),
        };
        return text.ReplaceLineEndings("\n");
    }
}
