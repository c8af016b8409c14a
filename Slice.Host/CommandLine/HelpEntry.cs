namespace Slice.Host.CommandLine;

/// <summary>One entry of a list in a help text.</summary>
/// <param name="Term">What is explained, as it stands there: <c>--port N</c>.</param>
/// <param name="Text">The explanation in one line; empty when there is none.</param>
internal sealed record HelpEntry(string Term, string Text);
