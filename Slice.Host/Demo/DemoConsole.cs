namespace Slice.Host.Demo;

/// <summary>
/// Where the demonstration writes, and what may be written there. Not thread-safe, except that a <see cref="DemoProgress"/> writes alone.
/// </summary>
/// <param name="output">For standard output.</param>
/// <param name="error">For standard error.</param>
/// <param name="isTerminal">Whether a person watches, so that a line may be written over.</param>
/// <param name="hasColours">Whether colours may be used.</param>
internal sealed class DemoConsole(TextWriter output, TextWriter error, bool isTerminal, bool hasColours)
{
    // SGR codes of ECMA-48 §8.3.117.
    private const string BoldCode = "\e[1m";
    private const string GreenCode = "\e[32m";
    private const string ResetCode = "\e[0m";

    /// <summary>For standard output.</summary>
    public TextWriter Output { get; } = output;

    /// <summary>For standard error.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>Whether a line may be written over.</summary>
    public bool IsTerminal { get; } = isTerminal;

    /// <summary>
    /// The console of this process. Colours only on a terminal that has them, and not when <c>NO_COLOR</c> is set (no-color.org).
    /// </summary>
    public static DemoConsole OfProcess()
    {
        bool isTerminal = !Console.IsOutputRedirected;
        bool hasColours = isTerminal
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        return new DemoConsole(Console.Out, Console.Error, isTerminal, hasColours);
    }

    /// <summary>A heading.</summary>
    public string Bold(string text) => Wrap(BoldCode, text);

    /// <summary>Good news.</summary>
    public string Green(string text) => Wrap(GreenCode, text);

    private string Wrap(string code, string text) => hasColours ? code + text + ResetCode : text;
}
