namespace Slice.Host.CommandLine;

/// <summary>A command, or the program itself, as completion scripts need it.</summary>
/// <param name="Name">Its name; empty for the program itself.</param>
/// <param name="Summary">What it does, in a few words.</param>
/// <param name="Options">All options that may stand with it.</param>
/// <param name="Arguments">The words that follow it; none when it takes none.</param>
internal sealed record CompletionCommand(
    string Name, string Summary, IReadOnlyList<CompletionOption> Options, IReadOnlyList<CompletionOption> Arguments);
