using Slice.Host.Configuration;
using Slice.Host.Machine;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary><c>--check-config</c>.</summary>
public static class ConfigurationCheck
{
    /// <summary>
    /// Prints the effective configuration, with <c>configuration ok</c> as a comment at its end so that the output is YAML as a whole; or
    /// every error on a line of its own.
    /// </summary>
    /// <param name="request">What the command line says.</param>
    /// <param name="readEnvironment">Gives the value of an environment variable, or null.</param>
    /// <param name="output">Gets the configuration and the notices of start-up.</param>
    /// <param name="error">Gets errors and warnings.</param>
    /// <returns><see cref="ExitCode.Ok"/>, also with warnings, or <see cref="ExitCode.Configuration"/>.</returns>
    public static int Run(ConfigurationRequest request, Func<string, string?> readEnvironment, TextWriter output, TextWriter error) =>
        Run(request, readEnvironment, output, error, new Disks());

    /// <summary>The same on another machine.</summary>
    internal static int Run(
        ConfigurationRequest request,
        Func<string, string?> readEnvironment,
        TextWriter output,
        TextWriter error,
        IDisks disks)
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(request, readEnvironment);
        if (loaded.Options is null)
        {
            WriteErrors(loaded.Errors, error);
            return ExitCode.Configuration;
        }

        List<Notice> notices = [.. loaded.Notices];
        var findings = StartCheck.Look(CacheTier.Decide(loaded.Options, disks, notices), disks, TimeProvider.System.GetUtcNow());
        foreach (var finding in findings)
        {
            // An expression in it can be copied as it is: its backslashes are not doubled.
            error.WriteLine($"{(finding.EndsStart ? "error" : "warning")}: {PrintableText.EscapeInvisible(finding.Text, int.MaxValue)}");
        }

        if (findings.Any(finding => finding.EndsStart))
        {
            return ExitCode.Configuration;
        }

        string files = string.Join(", ", loaded.Files);
        string[] comments = [$"effective configuration from {files}", .. notices.Select(notice => notice.ToString())];
        foreach (string comment in comments)
        {
            output.WriteLine($"# {PrintableText.Escape(comment, int.MaxValue)}");
        }

        output.Write(EffectiveConfiguration.Write(loaded.Options));
        output.WriteLine("# configuration ok");
        return ExitCode.Ok;
    }

    /// <summary>Prints errors, one a line.</summary>
    public static void WriteErrors(IReadOnlyList<ConfigurationError> errors, TextWriter error)
    {
        foreach (ConfigurationError line in errors)
        {
            error.WriteLine(line.ToString());
        }
    }
}
