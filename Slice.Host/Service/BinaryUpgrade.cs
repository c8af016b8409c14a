using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Slice.Host.Service;

/// <summary>
/// SIGUSR2, as with nginx: starts the program at its own path anew, with the same listening sockets. When the new process serves, it is the
/// service, and this one ends with its last download. When it does not, this one goes on as if nothing had been.
/// </summary>
/// <remarks>
/// <para>Between the two no port is closed: both accept until this process has stopped.</para>
/// <para>The new process inherits what is not marked close-on-exec: the sockets (<see cref="PortSockets"/>) and one end of two pipes.
/// Its end, whatever the reason, is the end of the first pipe. Between the two processes there is a <see cref="UpgradeLauncher"/> until
/// the new one serves.</para>
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _signal.Dispose();
        await _running;
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            _isAsked = true;
            BeginUnsynchronized();
        }
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
        await using var ready = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        await using var go = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable);
        using var process = TryStart(ready, go);
        if (process is null)
        {
            return;
        }

        ready.DisposeLocalCopyOfClientHandle();
        go.DisposeLocalCopyOfClientHandle();
        Task<int?> answer = ReadAnswerAsync(ready);
        if (await FailureAsync(process, answer, instance.Stopping) is { } reason)
        {
            LogFailed(_program.Path, reason);
            return;
        }

        // Only the launcher: with it gone, the new process is the manager's child.
        process.Kill();
        await ExitedAsync(process);
        int successor = (await answer)!.Value;
        _manager!.TellMainProcess(successor);
        instance.HandOver();

        // A purge that this process answers is one of the time before the new process, and its empty cache, are asked for anything.
        await CompletedAsync(_sockets.AreClosed);
        instance.Parts.State.SetHandedOver();
        try
        {
            await go.WriteAsync(new byte[] { 1 });
        }
        catch (IOException)
        {
            // It waits no longer.
        }

        LogHandedOver(successor);
    }

    private Process? TryStart(AnonymousPipeServerStream ready, AnonymousPipeServerStream go)
    {
        var start = _program.ToStart();
        foreach (string name in s_ownVariables)
        {
            start.Environment.Remove(name);
        }

        var offer = new UpgradeOffer(ready.GetClientHandleAsString(), go.GetClientHandleAsString(), _sockets.Open);
        start.Environment[UpgradeOffer.Variable] = offer.Format();
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

    // The id of the new process once it serves; null when it has ended.
    private static async Task<int?> ReadAnswerAsync(AnonymousPipeServerStream ready)
    {
        byte[] answer = new byte[UpgradeOffer.ReadyBytes];
        int read = await ready.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false);
        return read == answer.Length ? BinaryPrimitives.ReadInt32LittleEndian(answer) : null;
    }

    // Waits until the new process serves. Otherwise it has ended when this returns.
    private static async Task<string?> FailureAsync(Process process, Task<int?> answer, CancellationToken stopping)
    {
        // Real time, no injected clock: another process starts meanwhile.
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(answer, Task.Delay(LongestStart, enough.Token));
        await enough.CancelAsync();
        if (answer.IsCompletedSuccessfully && await answer is not null)
        {
            return null;
        }

        bool hasEnded = answer.IsCompleted;
        if (!hasEnded)
        {
            process.Kill(entireProcessTree: true);
        }

        await ExitedAsync(process);
        return stopping.IsCancellationRequested ? "this process was told to stop"
            : !hasEnded ? $"it did not serve within {LongestStart.TotalSeconds} s"
            : process.HasExited ? $"it ended with exit code {process.ExitCode}"
            : "it gave up";
    }

    private static Task ExitedAsync(Process process) => CompletedAsync(process.WaitForExitAsync());

    private static async Task CompletedAsync(Task end)
    {
        // Real time here as well: processes and the kernel end the wait.
        using var enough = new CancellationTokenSource(s_longestEnd);
        await end.WaitAsync(enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
