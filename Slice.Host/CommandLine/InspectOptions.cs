using System.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>The options of <c>inspect</c> that lead to a configuration and its shared cache.</summary>
internal sealed class InspectOptions
{
    public InspectOptions(Func<string, Option<int?>> newPort) => Port = newPort("--port");

    public Option<string?> Shared { get; } = new("--shared");

    public Option<string[]> Config { get; } = new("--config") { Arity = ArgumentArity.OneOrMore };

    public Option<int?> Port { get; }

    /// <summary>All of them, in the order of the help text.</summary>
    public IEnumerable<Option> All => [Shared, Config, Port];

    /// <summary>What is wrong with an <c>inspect</c> that the library has understood.</summary>
    public IEnumerable<string> FindErrors(ParseResult parsed, string? directory)
    {
        if (string.IsNullOrEmpty(directory) && ToConfiguration(parsed) is null)
        {
            yield return "inspect needs DIR, the directory of a cache (l2_cache_dir), or --config";
        }

        if (parsed.GetValue(Shared) is { } url && !RequestUrl.TryParse(url, out _))
        {
            yield return $"--shared: {PrintableText.Escape(url, 80)}: not understood, allowed: {RequestUrl.Syntax}";
        }
    }

    /// <summary>The object that is looked for; null for none.</summary>
    public RequestUrl? ToUrl(ParseResult parsed) =>
        parsed.GetValue(Shared) is { } text && RequestUrl.TryParse(text, out var url) ? url : null;

    /// <summary>The configuration; null when none is asked for.</summary>
    public ConfigurationRequest? ToConfiguration(ParseResult parsed)
    {
        var (files, port) = (parsed.GetValue(Config), parsed.GetValue(Port));
        return files is not { Length: > 0 } && port is null && parsed.GetValue(Shared) is null
            ? null
            : new ConfigurationRequest { Files = files ?? [], Port = port };
    }
}
