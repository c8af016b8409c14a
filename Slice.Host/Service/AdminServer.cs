using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Slice.Host.Service;

/// <summary>
/// The metrics port, a Kestrel of its own: it listens before the ports of clients and closes after them, so that operators see a start, and
/// what is left in a stop.
/// </summary>
internal sealed class AdminServer : IDisposable
{
    // Who asks when nothing is left to be told has this long to take its answer. Arbitrary. Where clients wait in a queue for the next
    // process, they count for more than a scraper that may come back on its kept connection.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_graceWhileClientsWait = TimeSpan.FromMilliseconds(200);

    private readonly KestrelServer _server;

    /// <summary>A server that does not listen yet.</summary>
    /// <param name="configure">Gives it its endpoint and limits.</param>
    /// <param name="services">The services of the host.</param>
    /// <param name="transport">Opens its port.</param>
    /// <param name="loggers">Makes its logs.</param>
    public AdminServer(
        Action<KestrelServerOptions> configure, IServiceProvider services, IConnectionListenerFactory transport, ILoggerFactory loggers)
    {
        var options = new KestrelServerOptions { ApplicationServices = services };
        configure(options);
        _server = new KestrelServer(Microsoft.Extensions.Options.Options.Create(options), transport, loggers);
    }

    /// <summary>Begins to listen.</summary>
    /// <returns>Where; the real port when 0 was configured.</returns>
    /// <exception cref="InstanceStartException">The port cannot be had.</exception>
    public async Task<IPEndPoint> StartAsync()
    {
        await _server.StartAsync(new NoApplication(), CancellationToken.None);
        string address = _server.Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return IPEndPoint.Parse(new Uri(address).Authority);
    }

    /// <summary>Takes no new connections and lets running answers finish for a moment.</summary>
    /// <param name="doClientsWait">Whether clients wait until this process has ended.</param>
    public async Task StopAsync(bool doClientsWait)
    {
        // Real time, no injected clock: other processes take their answers meanwhile.
        using var grace = new CancellationTokenSource(doClientsWait ? s_graceWhileClientsWait : s_grace);
        await _server.StopAsync(grace.Token);
    }

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();

    // Connections are served by the endpoint's own handler and never come to the server's HTTP.
    private sealed class NoApplication : IHttpApplication<object>
    {
        public object CreateContext(IFeatureCollection contextFeatures) => throw new InvalidOperationException("no request comes here");

        public Task ProcessRequestAsync(object context) => throw new InvalidOperationException("no request comes here");

        public void DisposeContext(object context, Exception? exception)
        {
        }
    }
}
