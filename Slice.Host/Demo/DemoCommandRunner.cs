using System.Globalization;
using System.Runtime.InteropServices;
using Slice.Host.Service;

namespace Slice.Host.Demo;

/// <summary><c>pingora-slice demo</c>: from the command line to the exit code.</summary>
internal static class DemoCommandRunner
{
    /// <summary>Runs the demonstration in this process, on its console, until it is done or a signal ends it.</summary>
    /// <param name="options">What is served and downloaded.</param>
    /// <param name="compose">Builds the proxy.</param>
    /// <returns>
    /// <see cref="ExitCode.Ok"/>; <see cref="ExitCode.CannotStart"/>, <see cref="ExitCode.DownloadFailed"/> or
    /// <see cref="ExitCode.Interrupted"/>.
    /// </returns>
    public static async Task<int> RunAsync(DemoOptions options, InstanceComposer compose)
    {
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await RunAsync(options, compose, DemoConsole.OfProcess(), stopping.Token);

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopping.Cancel();
        }
    }

    /// <summary>
    /// As <see cref="RunAsync(DemoOptions, InstanceComposer)"/>, elsewhere and until <paramref name="stopping"/> is cancelled.
    /// </summary>
    public static async Task<int> RunAsync(DemoOptions options, InstanceComposer compose, DemoConsole console, CancellationToken stopping)
    {
        try
        {
            var plan = DemoPlan.Create(options, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
            await using var run = await DemoRun.StartAsync(plan, compose);
            var report = new DemoReport(console, plan);
            report.WriteIntroduction(run.OriginAddress, run.Proxy);
            report.WriteTableHead();
            report.WriteConclusion(await run.DownloadAsync(console, report.WriteRow, stopping));
            if (!options.Once)
            {
                report.WriteCommands(run.Proxy);
                await WaitAsync(stopping);
            }

            return ExitCode.Ok;
        }
        catch (InstanceStartException error)
        {
            string hint = options.Port == 0
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $" Without --port {options.Port} a free port is taken.");
            console.Error.WriteLine($"pingora-slice: the demo cannot start: {error.Message}.{hint}");
            return ExitCode.CannotStart;
        }
        catch (DemoFailureException failure)
        {
            console.Error.WriteLine($"pingora-slice: the demo failed: {failure.Message}");
            return ExitCode.DownloadFailed;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            console.Error.WriteLine("pingora-slice: interrupted");
            return ExitCode.Interrupted;
        }
    }

    private static async Task WaitAsync(CancellationToken ct)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = ct.UnsafeRegister(static stopped => ((TaskCompletionSource)stopped!).SetResult(), stopped);
        await stopped.Task;
    }
}
