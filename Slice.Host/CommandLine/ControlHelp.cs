using Slice.Host.Control;
using Slice.Host.Service;

namespace Slice.Host.CommandLine;

/// <summary>The words of <c>purge --help</c> and <c>warm --help</c>; see <see cref="CommandLineHelp"/>.</summary>
internal static class ControlHelp
{
    /// <summary>Help of <c>purge</c>.</summary>
    public static string Purge { get; } = $"""
        Usage:
          pingora-slice purge URL... [options]
          pingora-slice purge --prefix URL [options]
          pingora-slice purge --tag TAG [options]
          pingora-slice purge --all [options]

        Makes a running instance forget objects, and prints a line for each URL, or for the tags. URL is a
        path, or a whole URL where the instance tells hosts apart (forward_host). The instance is the one
        that the configuration describes: it is asked on its metrics port, or on its proxy port when
        metrics_endpoint is off. Each instance has a cache of its own, and is asked by itself.

        Options:
          --prefix URL        every object whose URL begins so; may be repeated
          --tag TAG           every object to which the origin gave the tag, as Cache-Tag or
                              Surrogate-Key; may be repeated
          --all               every object
          --soft              keep what is stored, and validate it before its next use
          --json              a JSON object for each line, for scripts
          --instance HOST:PORT
                              the metrics port, or the proxy port, of another instance
          --token TOKEN       purge.auth_token of the instance (default: the one in the configuration)
          --config CONFIG     the configuration (default: as for serving); may be repeated
          --port N            the instance that serves with --port N
          -h, --help          print this and exit

        Exit codes:
          {ExitCode.Ok}   nothing of it is in use any more; also when nothing was stored
          {ExitCode.CannotStart}   the instance refused, failed or cannot be reached
          {ExitCode.Usage}  the command line is wrong
          {ExitCode.Configuration}  the configuration is wrong or not there

        Examples:
          pingora-slice purge /downloads/file.iso
          pingora-slice purge --prefix /downloads/ --soft
          pingora-slice purge --tag product-17 --tag product-18 --instance 192.0.2.1:8080 --token s3cret

        """.ReplaceLineEndings("\n");

    /// <summary>Help of <c>warm</c>.</summary>
    public static string Warm { get; } = $"""
        Usage:
          pingora-slice warm URL... [options]

        Gets objects through the proxy port of a running instance, so that they are in its cache, and throws
        the bytes away. URL is a path, or a whole URL where the instance tells hosts apart (forward_host);
        a single - stands for URLs on standard input, one a line. On a terminal it shows how far it is.

        Options:
          --parallel N        objects at once, 1 to {WarmOrder.MaxParallel} (default {WarmOrder.DefaultParallel}); of each, the instance
                              has several slices in flight
          --instance HOST:PORT
                              the proxy port of another instance
          --config CONFIG     the configuration (default: as for serving); may be repeated
          --port N            the instance that serves with --port N
          -h, --help          print this and exit

        Exit codes:
          {ExitCode.Ok}   everything was had
          {ExitCode.CannotStart}   something could not be had; standard error says what and why
          {ExitCode.Usage}  the command line is wrong
          {ExitCode.Configuration}  the configuration is wrong or not there

        Examples:
          pingora-slice warm /downloads/a.iso /downloads/b.iso
          pingora-slice warm --parallel 8 -

        """.ReplaceLineEndings("\n");
}
