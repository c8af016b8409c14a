namespace Slice.Host.CommandLine;

/// <summary>Something about the machine that a start would meet.</summary>
/// <param name="EndsStart">Whether a start fails on it; otherwise it is only worth a look.</param>
/// <param name="Text">One line: the key, its value, what is wrong.</param>
internal sealed record StartFinding(bool EndsStart, string Text);
