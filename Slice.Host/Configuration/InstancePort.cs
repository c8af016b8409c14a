using System.Globalization;
using System.Net;
using Slice.Core.Options;
using Slice.Core.Storage;

namespace Slice.Host.Configuration;

/// <summary>
/// <c>--port N</c>: moves a whole instance, so that several run side by side on one configuration file. The metrics port shifts by as much
/// as the listen port, the TLS port too, and the cache on disk gets a subdirectory of its own.
/// </summary>
public static class InstancePort
{
    /// <summary>Moves an instance.</summary>
    /// <param name="options">A valid configuration.</param>
    /// <param name="port">The new listen port, 1 to 65,535.</param>
    /// <param name="moved">The configuration of the moved instance; <paramref name="options"/> when it cannot be moved.</param>
    /// <param name="notice">The line to say at start-up; empty when it cannot be moved.</param>
    /// <returns>Why it cannot be moved, or null.</returns>
    public static string? Move(SliceOptions options, int port, out SliceOptions moved, out string notice)
    {
        (moved, notice) = (options, "");
        ListenAddress.Parse(options.ListenAddress, out IPEndPoint? clients);
        ListenAddress.Parse(options.MetricsEndpoint.Address, out IPEndPoint? operators);
        bool metricsPortShifts = options.MetricsEndpoint.Enabled && operators!.Port != 0;
        if (metricsPortShifts && clients!.Port == 0)
        {
            return "listen_address has port 0, so it is unknown how far the metrics port must shift";
        }

        int metricsPort = metricsPortShifts ? operators!.Port + (port - clients!.Port) : operators!.Port;
        if (metricsPort is < 0 or > IPEndPoint.MaxPort || (metricsPortShifts && metricsPort == 0))
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"the metrics port would shift from {operators.Port} to {metricsPort}, which is no port from 1 to 65535");
        }

        if (!TryShiftTls(options.Tls.ListenAddress, port - clients!.Port, clients.Port, out string? tlsAddress))
        {
            return "the TLS port would shift to no port from 1 to 65535, or listen_address has port 0 and it is unknown how far it "
                + "must shift";
        }

        moved = options with
        {
            Tls = options.Tls with { ListenAddress = tlsAddress },
            ListenAddress = new IPEndPoint(clients!.Address, port).ToString(),
            MetricsEndpoint = options.MetricsEndpoint with { Address = new IPEndPoint(operators.Address, metricsPort).ToString() },
            Store = options.Store with { Directory = CacheDirectory(options.Store.Directory, port) },
        };
        notice = Describe(moved, port);
        return null;
    }

    private static bool TryShiftTls(string? address, int shift, int clientsPort, out string? shifted)
    {
        shifted = address;
        if (address is null || ListenAddress.Parse(address, out IPEndPoint? endPoint) is not null || endPoint!.Port == 0)
        {
            return true;
        }

        int port = endPoint.Port + shift;
        if (clientsPort == 0 || port is < 1 or > IPEndPoint.MaxPort)
        {
            return false;
        }

        shifted = new IPEndPoint(endPoint.Address, port).ToString();
        return true;
    }

    // Also when the port is the configured one: of three commands on one file, none may own the directory that holds the others'.
    private static string CacheDirectory(string directory, int port) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{StoreLayout.InstancePrefix}{port}"));

    private static string Describe(SliceOptions moved, int port)
    {
        string tls = moved.Tls.ListenAddress is { } tlsAddress ? $", with TLS on {tlsAddress}" : "";
        string metrics = moved.MetricsEndpoint.Enabled ? $", metrics on {moved.MetricsEndpoint.Address}" : "";
        string cache = moved is { EnableCache: true, Store.OnDisk: true } ? $", cache in {moved.Store.Directory}" : "";
        return string.Create(
            CultureInfo.InvariantCulture, $"--port {port} moves this instance: clients on {moved.ListenAddress}{tls}{metrics}{cache}");
    }
}
