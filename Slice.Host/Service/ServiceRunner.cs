using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Logging;
using Slice.Host.Machine;

namespace Slice.Host.Service;

/// <summary>The proxy as a service: one <see cref="Instance"/> from its start until a signal ends it.</summary>
internal static partial class ServiceRunner
{
    /// <summary>Serves until SIGTERM or SIGINT, or until another process has taken over.</summary>
    /// <param name="loaded">The configuration, without errors.</param>
    /// <param name="load">Loads it anew, for reloads.</param>
    /// <param name="compose">Builds the proxy.</param>
    /// <returns>
    /// <see cref="ExitCode.Ok"/>, or <see cref="ExitCode.CannotStart"/> after a line in the log that says why: it could not start, or could
    /// not go on.
    /// </returns>
    public static async Task<int> RunAsync(LoadedConfiguration loaded, Func<LoadedConfiguration> load, InstanceComposer compose)
    {
        List<Notice> notices = [.. loaded.Notices];
        var offer = UpgradeOffer.Parse(Environment.GetEnvironmentVariable(UpgradeOffer.Variable));
        using var handshake = offer is null ? null : UpgradeHandshake.TryOpen(offer, TimeProvider.System);
        if (handshake is null && Environment.GetEnvironmentVariable(UpgradeOffer.Variable) is { Length: > 0 } left)
        {
            offer = null;
            notices.Add(new Notice(
                UpgradeOffer.Variable, $"ignored in the environment, no process that is to be replaced has left it: {left}"));
        }

        var sockets = new PortSockets(
            offer?.Sockets ?? HandedDescriptor.FromManager(Environment.GetEnvironmentVariable, Environment.ProcessId),
            isServedByOther: offer is not null);
        await using var upgrade = new BinaryUpgrade(OwnProgram.OfThisProcess(), sockets);
        var probe = new AcceptProbe();
        List<LoweredOption> lowered = [];
        SliceOptions options = CacheTier.Decide(loaded.Options!, new Disks(), notices);
        options = OptionFit.Apply(options, MachineLimits.RaiseAndRead(), lowered);
        if (await SharedDirectoryFit.FindSoonAsync(options.SharedCache) is { } directorySize)
        {
            lowered.Add(directorySize);
        }

        if (offer is not null)
        {
            // The other process has the directory until its last download is done.
            options = options with { Store = options.Store with { WaitsForLock = true } };
        }

        var threshold = new LogThreshold(options.LogLevel, loaded.LogDirectives);
        ConfigurationReload? reload = null;
        Instance instance;
        try
        {
            instance = await Instance.StartAsync(
                options,
                compose,
                logging => logging.AddSliceLogging(threshold),
                services => services.AddSingleton<IHostedService>(
                    host => reload = new ConfigurationReload(loaded, load, threshold, host.GetRequiredService<ILoggerFactory>())),
                notices,
                lowered,
                sockets,
                probe);
        }
        catch (InstanceStartException)
        {
            return ExitCode.CannotStart;
        }

        await using (instance)
        {
            await using var manager = new ServiceManager(
                instance.Loggers, Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), TimeProvider.System);
            reload!.Attach(instance.Apply, instance.Parts.Certificate, manager, instance.Parts.ReopenLogs);
            if (handshake is not null && await handshake.CompleteAsync() is { } refusal)
            {
                LogGivenUp(instance.Loggers.CreateLogger(typeof(ServiceRunner)), refusal);
                return ExitCode.CannotStart;
            }

            sockets.Gate.Open();
            return await ServeAsync(instance, manager, upgrade, probe, sockets);
        }
    }

    private static async Task<int> ServeAsync(
        Instance instance, ServiceManager manager, BinaryUpgrade upgrade, AcceptProbe probe, PortSockets sockets)
    {
        manager.TellReady();
        await using var whenStopping = instance.Stopping.Register(manager.TellStopping);
        await using var status = manager.Listens
            ? new StatusReport(
                () => StatusReport.Describe(instance.Parts.Meter, instance.Parts.DescribeStore()), manager.TellStatus, TimeProvider.System)
            : null;
        await using var watchdog = Watchdog.IntervalOf(Environment.GetEnvironmentVariable, Environment.ProcessId) is { } interval
            ? new Watchdog(
                interval,
                Watchdog.LookAt(instance, probe),
                manager.TellAlive,
                TimeProvider.System,
                instance.Loggers.CreateLogger<Watchdog>(),
                instance.Stopping)
            : null;
        upgrade.Attach(instance, manager);
        Task end = instance.WaitForShutdownAsync();
        if (await Task.WhenAny(end, sockets.Failure) != end && !instance.Stopping.IsCancellationRequested)
        {
            // Ended, not only unhealthy: whoever started the process starts it anew, and a new socket may be better than the old one.
            LogPortFailed(instance.Loggers.CreateLogger(typeof(ServiceRunner)), await sockets.Failure);
            await instance.StopAsync();
            await end;
            return ExitCode.CannotStart;
        }

        await end;
        return ExitCode.Ok;
    }

    [LoggerMessage(EventId = 161, EventName = "port_failed", Level = LogLevel.Error,
        Message = "a port takes no connections any more, the process ends: {reason}")]
    private static partial void LogPortFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 162, EventName = "upgrade_given_up", Level = LogLevel.Error,
        Message = "this process does not take over and ends: {reason}")]
    private static partial void LogGivenUp(ILogger logger, string reason);
}
