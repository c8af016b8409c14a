using System.Globalization;
using Slice.Core.Options;
using Slice.Host.Logging;

namespace Slice.Host.Configuration;

/// <summary>Puts files, environment and command line together.</summary>
public static class ConfigurationLoader
{
    /// <summary>Environment variable with the least severity to log.</summary>
    public const string LogVariable = "SLICE_LOG";

    private const string FileName = "pingora_slice.yaml";

    private static readonly string[] s_defaultFiles =
        [$"./{FileName}", Path.Combine(AppContext.BaseDirectory, FileName), $"/etc/pingora-slice/{FileName}"];

    // Keys that --port moves.
    private static readonly string[] s_movedKeys = ["listen_address", "tls.listen_address", "metrics_endpoint.address", "l2_cache_dir"];

    /// <summary>
    /// Places looked at when no file is named: the working directory, next to the binary, <c>/etc</c>. The first that is there is used,
    /// alone.
    /// </summary>
    public static IReadOnlyList<string> DefaultFiles => s_defaultFiles;

    /// <summary>Loads a configuration. Reads files; changes nothing.</summary>
    /// <param name="request">What the command line says.</param>
    /// <param name="readEnvironment">Gives the value of an environment variable, or null.</param>
    public static LoadedConfiguration Load(ConfigurationRequest request, Func<string, string?> readEnvironment) =>
        Load(request, readEnvironment, DefaultFiles);

    internal static LoadedConfiguration Load(
        ConfigurationRequest request, Func<string, string?> readEnvironment, IReadOnlyList<string> defaultFiles)
    {
        IReadOnlyList<string> files = request.Files.Count > 0 ? request.Files : [.. defaultFiles.Where(Path.Exists).Take(1)];
        if (files.Count == 0)
        {
            return new LoadedConfiguration(null, [], [NotFound(defaultFiles)], []);
        }

        ConfigurationResult read = ConfigurationReader.Read(files);
        List<ConfigurationError> errors = [.. read.Errors];
        LogDirectives directives = ReadLogVariable(readEnvironment, errors);
        LogSeverity? environmentLevel = directives.Severity;
        List<Notice> notices = [];
        SliceOptions? options = read.Options is { } written
            ? Move(Override(written, request, environmentLevel), request.Port, notices, errors)
            : null;
        return new LoadedConfiguration(errors.Count == 0 ? options : null, files, errors, notices)
        {
            Written = read.Options,
            LogDirectives = directives,
            Overrides = OverridesOf(request, environmentLevel),
        };
    }

    private static Dictionary<string, string> OverridesOf(ConfigurationRequest request, LogSeverity? environmentLevel)
    {
        Dictionary<string, string> overrides = request.Port is null ? [] : s_movedKeys.ToDictionary(key => key, _ => "--port");
        if ((request.LogLevel is not null ? "--log-level" : environmentLevel is not null ? LogVariable : null) is { } source)
        {
            overrides.Add("log_level", source);
        }

        if (request.DrainDelay is not null)
        {
            overrides.Add("timeouts.drain_delay", "--drain-delay");
        }

        return overrides;
    }

    private static SliceOptions Override(SliceOptions written, ConfigurationRequest request, LogSeverity? environmentLevel) => written with
    {
        LogLevel = request.LogLevel ?? environmentLevel ?? written.LogLevel,
        Timeouts = written.Timeouts with { DrainDelay = request.DrainDelay ?? written.Timeouts.DrainDelay },
    };

    private static ConfigurationError NotFound(IReadOnlyList<string> places) => new(
        "configuration", 0, 0, null, null,
        $"no file found; looked at {string.Join(", ", places.SkipLast(1))} and {places[^1]} "
            + $"(working directory {Environment.CurrentDirectory})",
        null);

    private static LogDirectives ReadLogVariable(Func<string, string?> readEnvironment, List<ConfigurationError> errors)
    {
        string? text = readEnvironment(LogVariable);
        if (LogDirectives.Parse(text) is { } directives)
        {
            return directives;
        }

        errors.Add(new ConfigurationError("environment", 0, 0, LogVariable, text, "not a severity", LogDirectives.Syntax));
        return LogDirectives.None;
    }

    private static SliceOptions Move(SliceOptions options, int? port, List<Notice> notices, List<ConfigurationError> errors)
    {
        if (port is not int newPort)
        {
            return options;
        }

        if (InstancePort.Move(options, newPort, out SliceOptions moved, out string notice) is string problem)
        {
            string value = newPort.ToString(CultureInfo.InvariantCulture);
            errors.Add(new ConfigurationError("command line", 0, 0, "--port", value, problem, null));
            return options;
        }

        notices.Add(new("--port", notice));
        return moved;
    }
}
