using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Logging;
using Slice.Host.Machine;

namespace Slice.Host.Service;

/// <summary>The proxy as a service: one <see cref="Instance"/> from its start until a signal ends it.</summary>
internal static class ServiceRunner
{
    /// <summary>Serves until SIGTERM or SIGINT.</summary>
    /// <param name="loaded">The configuration, without errors.</param>
    /// <param name="load">Loads it anew, for reloads.</param>
    /// <param name="compose">Builds the proxy.</param>
    /// <returns><see cref="ExitCode.Ok"/>, or <see cref="ExitCode.CannotStart"/> after a line in the log that says why.</returns>
    public static async Task<int> RunAsync(LoadedConfiguration loaded, Func<LoadedConfiguration> load, InstanceComposer compose)
    {
        List<LoweredOption> lowered = [];
        SliceOptions options = OptionFit.Apply(loaded.Options!, MachineLimits.RaiseAndRead(), lowered);
        var threshold = new LogThreshold(options.LogLevel);
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
                loaded.Notices,
                lowered);
        }
        catch (InstanceStartException)
        {
            return ExitCode.CannotStart;
        }

        await using (instance)
        {
            reload!.Attach(instance.Apply, instance.Parts.Certificate);
            var manager = new ServiceManager(instance.Loggers);
            manager.TellReady();
            await using var whenStopping = instance.Stopping.Register(manager.TellStopping);
            await instance.WaitForShutdownAsync();
        }

        return ExitCode.Ok;
    }
}
