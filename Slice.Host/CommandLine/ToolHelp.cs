using Slice.Core.Options;
using Slice.Host.Service;

namespace Slice.Host.CommandLine;

/// <summary>The words of <c>health --help</c> and <c>completion --help</c>; see <see cref="CommandLineHelp"/>.</summary>
internal static class ToolHelp
{
    /// <summary>Help of <c>health</c>.</summary>
    public static string Health { get; } = $"""
        Usage:
          pingora-slice health [URL] [options]

        Asks a running instance whether it takes requests, and prints its answer. Without URL it is the
        instance of the configuration: /health on its metrics port, or health_path on its proxy port when
        metrics_endpoint is off. URL may be HOST:PORT; without a path it is asked for /health. For
        containers and scripts without curl.

        Options:
          --timeout TIME      how long an answer may take (default {DurationText.Format(HealthCommand.DefaultTimeout)})
          --config CONFIG     the configuration (default: as for serving); may be repeated
          --port N            the instance that serves with --port N
          -h, --help          print this and exit

        Exit codes:
          {ExitCode.Ok}   it takes requests
          {ExitCode.Unhealthy}   it does not, or gives no answer
          {ExitCode.Usage}  the command line is wrong
          {ExitCode.Configuration}  the configuration is wrong or not there

        Examples:
          pingora-slice health
          pingora-slice health http://127.0.0.1:9091/health --timeout 1s

        """.ReplaceLineEndings("\n");

    /// <summary>Help of <c>completion</c>.</summary>
    public static string Completion { get; } = $"""
        Usage:
          pingora-slice completion SHELL [options]

        Prints the script that lets SHELL (bash, zsh or fish) complete commands, options and files behind
        pingora-slice. Packages install it.

        Options:
          -h, --help          print this and exit

        Exit codes:
          {ExitCode.Ok}   done
          {ExitCode.Usage}  the command line is wrong

        Examples:
          pingora-slice completion bash
          pingora-slice completion zsh
          pingora-slice completion fish

        """.ReplaceLineEndings("\n");
}
