using System.CommandLine;
using System.CommandLine.Parsing;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>The options of the commands for packages and containers: <c>health</c> and <c>completion</c>.</summary>
internal sealed class ToolOptions
{
    public ToolOptions(Func<string, Option<int?>> newPort)
    {
        Port = newPort("--port");
        Health.Arguments.Add(Url);
        foreach (Option option in (Option[])[Timeout, Config, Port])
        {
            Health.Options.Add(option);
        }

        Completion.Arguments.Add(Shell);
    }

    public Command Health { get; } = new("health");

    public Argument<string?> Url { get; } = new("URL") { Arity = ArgumentArity.ZeroOrOne };

    public Option<TimeSpan?> Timeout { get; } = new("--timeout") { CustomParser = ReadTimeout };

    public Option<string[]> Config { get; } = new("--config") { Arity = ArgumentArity.OneOrMore };

    public Option<int?> Port { get; }

    public Command Completion { get; } = new("completion");

    public Argument<string?> Shell { get; } = new("SHELL") { Arity = ArgumentArity.ZeroOrOne };

    /// <summary>What is wrong with a <c>health</c> or <c>completion</c> that the library has understood.</summary>
    public IEnumerable<string> FindErrors(ParseResult parsed)
    {
        string? shell = parsed.GetValue(Shell);
        if (parsed.CommandResult.Command == Completion && (shell is null || !CompletionScript.Shells.Contains(shell)))
        {
            yield return $"completion needs SHELL, one of {string.Join(", ", CompletionScript.Shells)}";
        }

        if (parsed.CommandResult.Command == Health && parsed.GetValue(Url) is { } url && ParseUrl(url) is null)
        {
            yield return $"{PrintableText.Escape(url, 80)}: not understood, allowed: http://HOST:PORT/PATH or https://HOST:PORT/PATH";
        }
    }

    /// <summary>A <c>health</c> without errors.</summary>
    public HealthCommand ToHealth(ParseResult parsed) => new(
        parsed.GetValue(Url) is { } url ? ParseUrl(url) : null,
        parsed.GetValue(Timeout) ?? HealthCommand.DefaultTimeout,
        new ConfigurationRequest { Files = parsed.GetValue(Config) ?? [], Port = parsed.GetValue(Port) });

    private static Uri? ParseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? url : null;

    private static TimeSpan? ReadTimeout(ArgumentResult argument)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (DurationText.TryParse(text, out TimeSpan timeout) && timeout > TimeSpan.Zero && timeout <= HealthCommand.MaximumTimeout)
        {
            return timeout;
        }

        argument.AddError(
            $"--timeout: {PrintableText.Escape(text, 80)}: not understood or out of range, "
            + $"allowed: 1ms to {DurationText.Format(HealthCommand.MaximumTimeout)}");
        return null;
    }
}
