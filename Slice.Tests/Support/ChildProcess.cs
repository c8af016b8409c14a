using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Slice.Tests.Support;

/// <summary>
/// A child process with its output collected by line; signalled and ended by its own id only. Thread-safe; disposing kills it when it still
/// runs.
/// </summary>
public sealed partial class ChildProcess : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly EventHandler _killAtExit;

    private ChildProcess(Process process)
    {
        _process = process;
        _killAtExit = (_, _) => Kill();
        AppDomain.CurrentDomain.ProcessExit += _killAtExit;
        process.OutputDataReceived += (_, output) => Keep(output.Data);
        process.ErrorDataReceived += (_, output) => Keep(output.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code; only once it has ended. 128 + n after signal n.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Lines of standard output and standard error so far, in the order of their arrival.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>The same as one text, for messages.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>
    /// Starts <paramref name="file"/>. Throws <see cref="FileNotFoundException"/> with <paramref name="hint"/> when there is no such
    /// program: a test without its program fails, it is not skipped.
    /// </summary>
    public static ChildProcess Start(
        string file,
        IEnumerable<string> arguments,
        string hint,
        string? workingDirectory = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        try
        {
            return new ChildProcess(Process.Start(start)!);
        }
        catch (Win32Exception exception)
        {
            throw new FileNotFoundException($"cannot start {file}: {exception.Message}. {hint}", file);
        }
    }

    /// <summary>Sends the signal of this number; nothing when the process has ended.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited && NativeKill(_process.Id, signal) != 0 && !_process.HasExited)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Sends a signal to a process that a child has started, and whose id the child has told.</summary>
    public static void SignalSuccessor(int processId, int signal)
    {
        if (NativeKill(processId, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits for its end and the last line of its output; returns the exit code.</summary>
    public async Task<int> ExitedAsync(TimeSpan? within = null)
    {
        await Deadline.WithinAsync(_process.WaitForExitAsync(CancellationToken.None), $"process {Id} ends; its output:\n{Output}", within);
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, then as <see cref="ExitedAsync"/>.</summary>
    public Task<int> StopAsync(TimeSpan? within = null)
    {
        Signal(SigTerm);
        return ExitedAsync(within);
    }

    /// <summary>SIGKILL, to it alone; returns at once.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
    }

    /// <summary>
    /// Waits until <paramref name="isReady"/> holds; throws with the output when the process ends first or
    /// <paramref name="within"/> (default <see cref="Deadline.Default"/>) is over.
    /// </summary>
    public Task ReadyAsync(Func<Task<bool>> isReady, string what, TimeSpan? within = null) => Eventually.TrueAsync(
        async () =>
        {
            if (await isReady())
            {
                return true;
            }

            return HasExited ? throw await EndedEarlyAsync(what) : false;
        },
        () => $"{what}; its output:\n{Output}",
        within);

    /// <inheritdoc/>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= _killAtExit;
        Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int NativeKill(int processId, int signal);

    private async Task<Exception> EndedEarlyAsync(string what)
    {
        int exitCode = await ExitedAsync();
        string message = $"the process ended with exit code {exitCode} before {what}; its output:\n{Output}";
        return Output.Contains("Address already in use", StringComparison.OrdinalIgnoreCase)
            || Output.Contains("cannot bind socket", StringComparison.OrdinalIgnoreCase)
            ? new PortTakenException(message)
            : new InvalidOperationException(message);
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
