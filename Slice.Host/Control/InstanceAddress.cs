using System.Net;
using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Host.Control;

/// <summary>Where a running instance is reached, and what it must be shown.</summary>
/// <param name="Authority">Host and port.</param>
/// <param name="Token">The token of its PURGE; null for none.</param>
public sealed record InstanceAddress(string Authority, string? Token)
{
    /// <summary>Whether a connection begins with a header of the PROXY protocol there, as a balancer's does.</summary>
    public bool WantsProxyHeader { get; init; }

    /// <summary>
    /// Where an instance takes orders: at its metrics port, or at its proxy port when it has none. Null, with what is wrong, when nobody
    /// knows.
    /// </summary>
    /// <param name="choice">What the command line says.</param>
    /// <param name="load">Loads a configuration.</param>
    /// <param name="problems">What is wrong, a line each.</param>
    public static InstanceAddress? OfOperator(
        InstanceChoice choice, Func<ConfigurationRequest, LoadedConfiguration> load, out IReadOnlyList<string> problems) =>
        Find(choice, load, static options => options.MetricsEndpoint.Enabled ? options.MetricsEndpoint.Address : options.ListenAddress,
            out problems);

    /// <summary>Where an instance serves its clients, otherwise the same.</summary>
    public static InstanceAddress? OfProxy(
        InstanceChoice choice, Func<ConfigurationRequest, LoadedConfiguration> load, out IReadOnlyList<string> problems) =>
        Find(choice, load, static options => options.ListenAddress, out problems);

    private static InstanceAddress? Find(
        InstanceChoice choice, Func<ConfigurationRequest, LoadedConfiguration> load, Func<SliceOptions, string> addressOf,
        out IReadOnlyList<string> problems)
    {
        problems = [];
        if (choice is { Address: { } address, Token: not null })
        {
            return new InstanceAddress(address, choice.Token);
        }

        // For an instance that is named the configuration is of use, and not needed, unless it is named too.
        var loaded = load(choice.Configuration);
        if (loaded.Options is not { } options)
        {
            bool isNeeded = choice.Address is null || choice.Configuration.Files.Count > 0;
            problems = isNeeded ? [.. loaded.Errors.Select(error => error.ToString())] : [];
            return isNeeded ? null : new InstanceAddress(choice.Address!, null);
        }

        string? token = choice.Token ?? options.Purge.AuthToken;
        if (choice.Address is not null)
        {
            return new InstanceAddress(choice.Address, token);
        }

        if (ListenAddress.Parse(addressOf(options), out var endPoint) is not null || endPoint!.Port == 0)
        {
            problems = [$"{addressOf(options)} says no port: name it with --instance"];
            return null;
        }

        bool isProxy = addressOf(options) == options.ListenAddress;
        return new InstanceAddress(Reachable(endPoint).ToString(), token)
        {
            WantsProxyHeader = isProxy && options.ProxyProtocol.Enabled,
        };
    }

    // Who listens on all addresses is reached by the machine's own.
    private static IPEndPoint Reachable(IPEndPoint listening) =>
        listening.Address.Equals(IPAddress.Any) ? new(IPAddress.Loopback, listening.Port)
        : listening.Address.Equals(IPAddress.IPv6Any) ? new(IPAddress.IPv6Loopback, listening.Port)
        : listening;
}
