using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Demo;
using Slice.Host.Service;

namespace Slice.Host.CommandLine;

/// <summary>The words of <c>--help</c>, written by hand for people; tests hold them against <see cref="CommandLineOptions"/>.</summary>
internal static class CommandLineHelp
{
    private static readonly DemoOptions s_demo = new();

    /// <summary>Help of the program.</summary>
    public static string Root { get; } = $"""
        pingora-slice {ProductVersion.Text} - a caching proxy that fetches large objects in slices

        Usage:
          pingora-slice [CONFIG...] [options]   serve
          pingora-slice demo [options]          try it without an origin or a configuration
          pingora-slice inspect DIR [options]   show what a cache directory, or a shared cache, holds
          pingora-slice purge URL... [options]  make a running instance forget objects
          pingora-slice warm URL... [options]   get objects into the cache of a running instance
          pingora-slice health [URL] [options]  ask a running instance whether it takes requests
          pingora-slice completion SHELL        print the completion script of a shell

        CONFIG is a YAML file; of several, later ones override earlier ones key by key.
        Without one, the first of these that exists is used:
          {string.Join("\n  ", ConfigurationLoader.DefaultFiles)}

        Options:
          --check-config      print the effective configuration, or every error in it, and exit; warns of
                              what a start would meet: directory, ports, certificate, names, shared cache
          --port N            move this instance to port N: the metrics port shifts by as much and
                              the cache on disk gets a subdirectory, so several can share a CONFIG
          --drain-delay TIME  timeouts.drain_delay of this instance; overrides CONFIG
          --log-level LEVEL   {LogSeverityText.Syntax};
                              overrides {ConfigurationLoader.LogVariable} in the environment, which overrides CONFIG
          --version           print version, commit and runtime, and exit
          -h, --help          print this and exit; 'pingora-slice demo --help' for the demo, and so for
                              each command

        Signals:
          HUP                 read CONFIG again; the log says which changes apply and which wait
                              for a restart
          USR2                start the binary at the same path anew with the same ports; this
                              process ends when its downloads are done
          TERM, INT           tell health checks 503 for timeouts.drain_delay, stop taking requests,
                              let running ones finish, exit; a second one ends the delay

        Exit codes:
          {ExitCode.Ok}   done
          {ExitCode.CannotStart}   a port or the cache directory cannot be had (the log says why), there is no cache
              to inspect, a purge or a warm has failed, or the instance that 'health' asks takes no
              requests
          {ExitCode.Damaged}   damage, found by 'inspect'
          {ExitCode.Usage}  the command line is wrong
          {ExitCode.Configuration}  the configuration is wrong or not there

        Examples:
          pingora-slice --check-config /etc/pingora-slice/pingora_slice.yaml
          pingora-slice base.yaml production.yaml
          pingora-slice --port 8081 --log-level debug
          pingora-slice purge --prefix /downloads/

        """.ReplaceLineEndings("\n");

    /// <summary>Help of <c>inspect</c>.</summary>
    public static string Inspect { get; } = $"""
        Usage:
          pingora-slice inspect DIR [options]
          pingora-slice inspect --config CONFIG [options]
          pingora-slice inspect --shared URL [options]

        Shows what the cache in DIR (l2_cache_dir) holds: totals, and its objects with the slices that
        are stored, the largest first. Reads only, also while a process uses the directory.

        With a configuration, the cache is the one that the configuration describes; where it has a
        shared_cache, that is shown too: what it is, whether it answers within 15 seconds, and the
        instances that use it, with the changes that they have heard of. Nothing in it is changed. Where
        the caches of several instances are below the directory (--port), a line names them, and the
        exit code is that of the shared cache.

        Options:
          --verify            compare every slice with its checksum; lists those that are damaged
          --json              one JSON document with all objects, for scripts
          --limit N           objects to list; default {InspectCommand.DefaultLimit}, with --json all
          --shared URL        look for one object in the shared cache: its variants, whether they are
                              used or outdated, and how many of their slices are there. URL is a path, or
                              a whole URL where the instances tell hosts apart (forward_host)
          --config CONFIG     the configuration (with --shared or --port: default as for serving); may be
                              repeated
          --port N            the instance that serves with --port N
          -h, --help          print this and exit

        Exit codes:
          {ExitCode.Ok}   done; also when the shared cache has no such object
          {ExitCode.CannotStart}   there is no cache that can be read, or the shared cache does not answer
          {ExitCode.Damaged}   slices, or the object of --shared, are damaged
          {ExitCode.Usage}  the command line is wrong
          {ExitCode.Configuration}  the configuration is wrong or not there

        Examples:
          pingora-slice inspect /var/cache/pingora-slice --verify
          pingora-slice inspect --shared /downloads/file.iso

        """.ReplaceLineEndings("\n");

    /// <summary>Help of <c>demo</c>.</summary>
    public static string Demo { get; } = $"""
        Usage:
          pingora-slice demo [options]

        Starts a sample origin and the proxy before it on this machine and downloads objects through
        them: cold and warm, several slices at a time and one at a time, a range across a slice
        boundary, and one object for many clients at once. Checks every byte, prints what each
        download took, and keeps serving until interrupted.

        Options:
          --once              exit after the downloads
          --size SIZE         size of an object (default {ByteSizeText.Format(s_demo.SizeBytes)})
          --latency TIME      wait of the origin before each answer (default {DurationText.Format(s_demo.Latency)})
          --slice-size SIZE   size of a slice (default {ByteSizeText.Format(s_demo.SliceSizeBytes)})
          --concurrency N     slices in flight at once (default {s_demo.Concurrency})
          --port N            port of the proxy (default {s_demo.Port}: any free one)
          --log-level LEVEL   {LogSeverityText.Syntax}
          -h, --help          print this and exit

        Exit codes:
          {ExitCode.Ok}    every byte was right
          {ExitCode.CannotStart}    the port cannot be had
          {ExitCode.Usage}   the command line is wrong
          {ExitCode.DownloadFailed}   a byte was wrong, or a download failed
          {ExitCode.Interrupted}  interrupted during the downloads

        Examples:
          pingora-slice demo --once
          pingora-slice demo --size 1GiB --latency 200ms --concurrency 16

        """.ReplaceLineEndings("\n");
}
