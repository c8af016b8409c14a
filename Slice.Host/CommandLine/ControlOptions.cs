using System.CommandLine;
using System.CommandLine.Parsing;
using Slice.Core.Objects;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>The options of the commands that speak to a running instance: <c>purge</c> and <c>warm</c>.</summary>
internal sealed class ControlOptions
{
    public ControlOptions(Func<string, Option<int?>> newPort)
    {
        PurgePort = newPort("--port");
        WarmPort = newPort("--port");
        Purge.Arguments.Add(PurgeUrls);
        foreach (Option option in (Option[])[Prefix, Tag, All, Soft, Json, PurgeInstance, Token, PurgeConfig, PurgePort])
        {
            Purge.Options.Add(option);
        }

        Warm.Arguments.Add(WarmUrls);
        foreach (Option option in (Option[])[Parallel, WarmInstance, WarmConfig, WarmPort])
        {
            Warm.Options.Add(option);
        }
    }

    public Command Purge { get; } = new("purge");

    public Command Warm { get; } = new("warm");

    public Argument<string[]> PurgeUrls { get; } = new("URL") { Arity = ArgumentArity.ZeroOrMore };

    public Argument<string[]> WarmUrls { get; } = new("URL") { Arity = ArgumentArity.ZeroOrMore };

    public Option<string[]> Prefix { get; } = new("--prefix") { Arity = ArgumentArity.OneOrMore };

    public Option<string[]> Tag { get; } = new("--tag") { Arity = ArgumentArity.OneOrMore };

    public Option<bool> All { get; } = new("--all");

    public Option<bool> Soft { get; } = new("--soft");

    public Option<bool> Json { get; } = new("--json");

    public Option<string?> PurgeInstance { get; } = new("--instance");

    public Option<string?> WarmInstance { get; } = new("--instance");

    public Option<string?> Token { get; } = new("--token");

    public Option<string[]> PurgeConfig { get; } = new("--config") { Arity = ArgumentArity.OneOrMore };

    public Option<string[]> WarmConfig { get; } = new("--config") { Arity = ArgumentArity.OneOrMore };

    public Option<int?> PurgePort { get; }

    public Option<int?> WarmPort { get; }

    public Option<int?> Parallel { get; } = new("--parallel") { CustomParser = ReadParallel };

    /// <summary>What is wrong with a <c>purge</c> or a <c>warm</c> that the library has understood.</summary>
    public IEnumerable<string> FindErrors(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string[] urls = UrlsOf(parsed);
        string[] prefixes = parsed.GetValue(Prefix) ?? [];
        string[] tags = parsed.GetValue(Tag) ?? [];
        string[] written = command == Purge ? [.. urls, .. prefixes] : [.. urls.Where(url => url != "-")];
        foreach (string url in written.Where(url => !RequestUrl.TryParse(url, out _)))
        {
            yield return $"{PrintableText.Escape(url, 80)}: not understood, allowed: {RequestUrl.Syntax}";
        }

        int kinds = (urls.Length > 0 ? 1 : 0) + (prefixes.Length > 0 ? 1 : 0) + (tags.Length > 0 ? 1 : 0) + (parsed.GetValue(All) ? 1 : 0);
        if (command == Purge && kinds != 1)
        {
            yield return "purge needs one of URL, --prefix, --tag and --all, and no two of them";
        }

        if (command == Warm && urls.Length == 0)
        {
            yield return "warm needs URL, or - for URLs on standard input";
        }

        foreach (string tag in tags.Where(tag => tag.Trim().Length == 0 || tag.Any(char.IsControl)))
        {
            yield return $"--tag: {PrintableText.Escape(tag, 80)}: no tag";
        }

        if (parsed.GetValue(command == Purge ? PurgeInstance : WarmInstance) is { } instance
            && (HostAndPort.Parse(instance, out var authority) is not null || authority.Port is null or 0))
        {
            yield return $"--instance: {PrintableText.Escape(instance, 80)}: not understood, allowed: HOST:PORT";
        }

        if (parsed.GetValue(Token) is { } token && (token.Length == 0 || token.Any(character => character is <= ' ' or > '~')))
        {
            yield return "--token: visible ASCII without spaces";
        }
    }

    /// <summary>The order of a <c>purge</c> without errors.</summary>
    public PurgeOrder ToPurge(ParseResult parsed)
    {
        string[] prefixes = parsed.GetValue(Prefix) ?? [];
        string[] tags = parsed.GetValue(Tag) ?? [];
        PurgeScope? scope = parsed.GetValue(All) ? PurgeScope.All
            : prefixes.Length > 0 ? PurgeScope.Prefix
            : tags.Length > 0 ? PurgeScope.Tags
            : null;
        return new PurgeOrder(
            scope,
            [.. UrlsOf(parsed).Concat(prefixes).Select(text => RequestUrl.TryParse(text, out var url) ? url : null).OfType<RequestUrl>()],
            tags,
            parsed.GetValue(Soft),
            parsed.GetValue(Json),
            new InstanceChoice
            {
                Address = parsed.GetValue(PurgeInstance),
                Token = parsed.GetValue(Token),
                Configuration = new ConfigurationRequest { Files = parsed.GetValue(PurgeConfig) ?? [], Port = parsed.GetValue(PurgePort) },
            });
    }

    /// <summary>The order of a <c>warm</c> without errors.</summary>
    public WarmOrder ToWarm(ParseResult parsed) => new(
        UrlsOf(parsed),
        parsed.GetValue(Parallel) ?? WarmOrder.DefaultParallel,
        new InstanceChoice
        {
            Address = parsed.GetValue(WarmInstance),
            Configuration = new ConfigurationRequest { Files = parsed.GetValue(WarmConfig) ?? [], Port = parsed.GetValue(WarmPort) },
        });

    private string[] UrlsOf(ParseResult parsed) => parsed.GetValue(parsed.CommandResult.Command == Purge ? PurgeUrls : WarmUrls) ?? [];

    private static int? ReadParallel(ArgumentResult argument) =>
        CommandLineOptions.ReadCount(argument, 1, WarmOrder.MaxParallel, $"1 to {WarmOrder.MaxParallel}");
}
