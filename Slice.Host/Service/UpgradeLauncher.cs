using System.ComponentModel;
using System.Diagnostics;

namespace Slice.Host.Service;

/// <summary>
/// The process between one that upgrades and the one that is to replace it: it starts that one and is ended when that one serves. The new
/// process is the service manager's own child then. Of a child of somebody else the manager does not wait for the end: it kills it at once
/// when the service is stopped (systemd: main_pid_alien).
/// </summary>
internal static class UpgradeLauncher
{
    /// <summary>The environment variable that makes a process a launcher.</summary>
    public const string Variable = "PINGORA_SLICE_UPGRADE_LAUNCH";

    /// <summary>Whether this process is one.</summary>
    public static bool IsAsked => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable));

    /// <summary>
    /// Starts the program again, without the variable, and waits for its end. Everything that is inherited goes on to it.
    /// </summary>
    /// <returns>Its exit code; <see cref="ExitCode.CannotStart"/> when there is none.</returns>
    public static async Task<int> RunAsync()
    {
        var start = OwnProgram.OfThisProcess().ToStart();
        start.Environment.Remove(Variable);
        try
        {
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (Win32Exception)
        {
            return ExitCode.CannotStart;
        }
    }
}
