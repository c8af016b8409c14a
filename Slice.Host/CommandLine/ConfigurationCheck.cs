using Slice.Host.Configuration;
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
    /// <param name="error">Gets the errors; or warnings, which do not make it fail.</param>
    /// <returns><see cref="ExitCode.Ok"/> or <see cref="ExitCode.Configuration"/>.</returns>
    public static int Run(ConfigurationRequest request, Func<string, string?> readEnvironment, TextWriter output, TextWriter error)
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(request, readEnvironment);
        if (loaded.Options is null)
        {
            WriteErrors(loaded.Errors, error);
            return ExitCode.Configuration;
        }

        foreach (string comment in loaded.Notices.Prepend($"effective configuration from {string.Join(", ", loaded.Files)}"))
        {
            output.WriteLine($"# {PrintableText.Escape(comment, int.MaxValue)}");
        }

        foreach (string warning in CertificateWarnings.Of(loaded.Options, TimeProvider.System.GetUtcNow()))
        {
            error.WriteLine($"warning: {PrintableText.Escape(warning, int.MaxValue)}");
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
