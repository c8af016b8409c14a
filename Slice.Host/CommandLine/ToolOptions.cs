using System.CommandLine;
using System.CommandLine.Parsing;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>The options of the commands for packages and containers: <c>health</c> and <c>completion</c>.</summary>
internal sealed class ToolOptions
{
    // Of the metrics port, and the default of health_path on the proxy port.
    private const string DefaultPath = "/health";

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
            yield return
                $"{PrintableText.Escape(url, 80)}: not understood, allowed: HOST:PORT, http://HOST:PORT/PATH or https://HOST:PORT/PATH";
        }
    }

    /// <summary>A <c>health</c> without errors.</summary>
    public HealthCommand ToHealth(ParseResult parsed) => new(
        parsed.GetValue(Url) is { } url ? ParseUrl(url) : null,
        parsed.GetValue(Timeout) ?? HealthCommand.DefaultTimeout,
        new ConfigurationRequest { Files = parsed.GetValue(Config) ?? [], Port = parsed.GetValue(Port) });

    // Without a path the origin's front page would answer, and its 200 says nothing about the instance. A path that is written counts.
    private static Uri? ParseUrl(string text)
    {
        bool hasScheme = text.Contains("://", StringComparison.Ordinal);
        string authority = (hasScheme ? text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..] : text).Split('/', '?', '#')[0];
        bool hasPort = HostAndPort.Parse(authority, out var parsed) is null && parsed.Port is > 0;
        string whole = hasScheme ? text : $"http://{text}";
        return (hasScheme || hasPort) && Uri.TryCreate(whole, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
            ? whole.EndsWith(authority, StringComparison.Ordinal) ? new Uri(url, DefaultPath) : url
            : null;
    }

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
