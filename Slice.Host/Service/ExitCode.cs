namespace Slice.Host.Service;

/// <summary>Exit codes, after BSD's sysexits.h so that a script can tell whose fault it was.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>
    /// A port, or a cache directory that is required, cannot be had, and the log says why; or there is no cache to inspect, or a purge or a
    /// warm has failed.
    /// </summary>
    public const int CannotStart = 1;

    /// <summary>An instance that <c>health</c> asked takes no requests, or gave no answer.</summary>
    public const int Unhealthy = 1;

    /// <summary>inspect found slices whose bytes are not what was stored.</summary>
    public const int Damaged = 2;

    /// <summary>EX_USAGE: the command line is wrong.</summary>
    public const int Usage = 64;

    /// <summary>EX_SOFTWARE: in the demo, a byte was wrong, or a download did not complete.</summary>
    public const int DownloadFailed = 70;

    /// <summary>EX_CONFIG: the configuration is wrong or not there.</summary>
    public const int Configuration = 78;

    /// <summary>128 + SIGINT, as shells say it: the demo was interrupted before its downloads were done.</summary>
    public const int Interrupted = 130;
}
