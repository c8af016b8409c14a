using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Host.Demo;
using Slice.Host.Service;

namespace Slice.Host;

/// <summary>The entry point: reads the command line and does what it asks for.</summary>
internal static class Program
{
    // Completions run where the event loop finds them instead of hopping to another thread, which nearly halves the cost of a small hit
    // (docs/decisions/0002-inline-completions.md). The runtime reads the variable once, with the first socket.
    private const string InlineCompletionsVariable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    public static async Task<int> Main(string[] arguments)
    {
        Environment.SetEnvironmentVariable(InlineCompletionsVariable, "1");
        if (UpgradeLauncher.IsAsked)
        {
            return await UpgradeLauncher.RunAsync();
        }

        switch (CommandLineParser.Parse(arguments))
        {
            case RunCommand run:
                return await RunAsync(run.Configuration);
            case CheckConfigCommand check:
                return ConfigurationCheck.Run(check.Configuration, Environment.GetEnvironmentVariable, Console.Out, Console.Error);
            case InspectCommand inspect:
                return await new InspectCommandRunner(Load, SharedTierFactory.OpenToLook, TimeProvider.System).RunAsync(
                    inspect, Console.Out, Console.Error, isTerminal: !Console.IsErrorRedirected, CancellationToken.None);
            case HealthCommand health:
                return await HealthCommandRunner.RunAsync(
                    health,
                    request => ConfigurationLoader.Load(request, Environment.GetEnvironmentVariable),
                    Console.Out,
                    Console.Error);
            case DemoCommand demo:
                return await DemoCommandRunner.RunAsync(demo.Options, Composition.Compose);
            case PurgeCommand purge:
                return await PurgeCommandRunner.RunAsync(purge.Order, Load, Console.Out, Console.Error, CancellationToken.None);
            case WarmCommand warm:
                return await WarmCommandRunner.RunAsync(
                    warm.Order, Load, Console.In, Console.Out, Console.Error, isTerminal: !Console.IsErrorRedirected, TimeProvider.System,
                    CancellationToken.None);
            case ShowAndExit show:
                Console.Out.Write(show.Output);
                Console.Error.Write(show.Error);
                return show.ExitCode;
            case var unknown:
                throw new InvalidOperationException($"no case for {unknown}");
        }
    }

    private static LoadedConfiguration Load(ConfigurationRequest request) =>
        ConfigurationLoader.Load(request, Environment.GetEnvironmentVariable);

    private static async Task<int> RunAsync(ConfigurationRequest request)
    {
        LoadedConfiguration loaded = Load(request);
        if (loaded.Options is null)
        {
            ConfigurationCheck.WriteErrors(loaded.Errors, Console.Error);
            return ExitCode.Configuration;
        }

        return await ServiceRunner.RunAsync(loaded, () => Load(request), Composition.Compose);
    }
}
