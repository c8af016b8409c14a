using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Slice.Host.Service;

/// <summary>
/// SIGUSR2, as with nginx: starts the program at its own path anew, with the same listening sockets. When the new process serves, it is the
/// service, and this one ends with its last download. When it does not, this one goes on as if nothing had been.
/// </summary>
/// <remarks>
/// <para>Between the two no port is closed, and never do both accept: this process closes its <see cref="AcceptGate"/> first, and opens it
/// again should the new one end before it serves. Nothing in between waits for the service manager.</para>
/// <para>The new process inherits what is not marked close-on-exec: the sockets (<see cref="PortSockets"/>) and one end of two pipes
/// (<see cref="UpgradePipes"/>). Between the two processes there is a <see cref="UpgradeLauncher"/> until the new one serves.</para>
/// </remarks>
internal sealed partial class BinaryUpgrade : IAsyncDisposable
{
    /// <summary>How long a new process may take until it serves. Arbitrary: an index of millions of objects is read in seconds.</summary>
    public static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(30);

    // SIGUSR2 of x64 and arm64; the BCL has no name for it and takes the number.
    private const PosixSignal Signal = (PosixSignal)12;

    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(5);

    // What is said to this process alone.
    private static readonly string[] s_ownVariables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];

    private readonly Lock _lock = new();
    private readonly OwnProgram _program;
    private readonly PortSockets _sockets;
    private readonly PosixSignalRegistration _signal;
    private Instance? _instance;
    private ServiceManager? _manager;
    private ILogger _logger = NullLogger.Instance;
    private bool _isAsked;
    private Task _running = Task.CompletedTask;

    /// <summary>Takes the signal over until it is disposed: uncaught, the signal ends the process.</summary>
    /// <param name="program">What is started.</param>
    /// <param name="sockets">The listening sockets, which the new process gets.</param>
    public BinaryUpgrade(OwnProgram program, PortSockets sockets)
    {
        (_program, _sockets) = (program, sockets);
        _signal = PosixSignalRegistration.Create(Signal, OnSignal);
    }

    /// <summary>Says who is to be replaced, once it runs. A signal before that is made up for.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="manager">Is told of the new main process.</param>
    public void Attach(Instance instance, ServiceManager manager)
    {
        lock (_lock)
        {
            (_instance, _manager, _logger) = (instance, manager, instance.Loggers.CreateLogger<BinaryUpgrade>());
            BeginUnsynchronized();
        }
    }

    /// <summary>Begins an upgrade, as the signal does. Returns at once. Thread-safe.</summary>
    internal void Ask()
    {
        lock (_lock)
        {
            _isAsked = true;
            BeginUnsynchronized();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _signal.Dispose();
        await _running;
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Ask();
    }

    // One at a time: a signal while one runs is a wish that is being fulfilled.
    private void BeginUnsynchronized()
    {
        if (_isAsked && _instance is { } instance && _running.IsCompleted && !instance.Stopping.IsCancellationRequested)
        {
            _isAsked = false;
            _running = RunAndTellAsync(instance);
        }
    }

    private async Task RunAndTellAsync(Instance instance)
    {
        try
        {
            await RunAsync(instance);
        }
        catch (Exception error)
        {
            // The edge of the signal: what arrives here is a defect of ours. It costs this upgrade, not the process.
            LogFailed(_program.Path, error.ToString());
        }
    }

    private async Task RunAsync(Instance instance)
    {
        // The signal's thread has others to serve.
        await Task.Yield();
        LogUpgrading(_program.Path);
        using var pipes = new UpgradePipes();
        using var launcher = TryStart(pipes);
        if (launcher is null)
        {
            return;
        }

        pipes.Started();
        Task<int?> answer = pipes.ReadAnswerAsync();
        string? reason = await FailureAsync(launcher, answer, instance.Stopping);
        if (reason is null)
        {
            int successor = (await answer)!.Value;
            reason = await HandOverAsync(instance, launcher, pipes, successor);
            if (reason is null)
            {
                LogHandedOver(successor);
                return;
            }
        }

        await EndAsync(launcher, pipes);
        LogFailed(_program.Path, reason);
    }

    // Each step has a limit, and all together are shorter than the wait of the new process.
    private async Task<string?> HandOverAsync(Instance instance, Process launcher, UpgradePipes pipes, int successor)
    {
        // Only the launcher: with it gone, the new process is the manager's child.
        launcher.Kill();
        await ExitedAsync(launcher);
        if (!await IsDoneAsync(_sockets.Gate.CloseAsync()))
        {
            return TakeBack(instance, $"this process could not stop taking connections within {s_longestEnd.TotalSeconds} s");
        }

        if (pipes.Ended.IsCompleted)
        {
            return TakeBack(instance, "it ended before it was to serve");
        }

        // A purge that this process answers is one of the time before the new process, and its empty cache, are asked for anything.
        instance.Parts.State.SetHandedOver();
        _manager!.TellMainProcess(successor);
        if (!pipes.TrySay(UpgradeOffer.Serve))
        {
            _manager.TellMainProcess(Environment.ProcessId);
            return TakeBack(instance, "it ended before it was to serve");
        }

        instance.HandOver();
        return null;
    }

    private string TakeBack(Instance instance, string reason)
    {
        instance.Parts.State.SetTakenBack();
        _sockets.Gate.Open();
        return reason;
    }

    // Before the pipes are closed: their end would tell a new process that waits that this one is gone.
    private static async Task EndAsync(Process launcher, UpgradePipes pipes)
    {
        pipes.TrySay(UpgradeOffer.GiveUp);
        if (!launcher.HasExited)
        {
            launcher.Kill(entireProcessTree: true);
            await ExitedAsync(launcher);
        }

        await IsDoneAsync(pipes.Ended);
    }

    private Process? TryStart(UpgradePipes pipes)
    {
        var start = _program.ToStart();
        foreach (string name in s_ownVariables)
        {
            start.Environment.Remove(name);
        }

        start.Environment[UpgradeOffer.Variable] = pipes.Offer(_sockets.Open).Format();
        start.Environment[UpgradeLauncher.Variable] = "1";
        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception exception)
        {
            LogFailed(_program.Path, exception.Message);
            return null;
        }
    }

    // Null: the new process could serve, and waits.
    private static async Task<string?> FailureAsync(Process launcher, Task<int?> answer, CancellationToken stopping)
    {
        // Real time, no injected clock: another process starts meanwhile.
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(answer, Task.Delay(LongestStart, enough.Token));
        await enough.CancelAsync();
        if (stopping.IsCancellationRequested)
        {
            return "this process was told to stop";
        }

        if (!answer.IsCompleted)
        {
            return $"it did not serve within {LongestStart.TotalSeconds} s";
        }

        if (await answer is { } successor)
        {
            // The process that was started here is the new one itself: a build that knows no launcher.
            return successor != 0 && successor != launcher.Id ? null
                : "it is of a version that takes over in another way: restart the service instead";
        }

        await ExitedAsync(launcher);
        return launcher.HasExited ? $"it ended with exit code {launcher.ExitCode}" : "it gave up";
    }

    private static Task<bool> ExitedAsync(Process process) => IsDoneAsync(process.WaitForExitAsync());

    private static async Task<bool> IsDoneAsync(Task end)
    {
        // Real time here as well: processes and the kernel end the wait.
        using var enough = new CancellationTokenSource(s_longestEnd);
        await end.WaitAsync(enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return end.IsCompleted;
    }

    [LoggerMessage(EventId = 134, EventName = "upgrade_begun", Level = LogLevel.Information,
        Message = "a new process is started with the sockets of this one: {program}")]
    private partial void LogUpgrading(string program);

    [LoggerMessage(EventId = 135, EventName = "upgrade_failed", Level = LogLevel.Error,
        Message = "the new process does not serve, this one goes on: {program} {reason}")]
    private partial void LogFailed(string program, string reason);

    [LoggerMessage(EventId = 136, EventName = "upgrade_done", Level = LogLevel.Information,
        Message = "another process serves now, this one ends with its last download: {pid}")]
    private partial void LogHandedOver(int pid);
}
