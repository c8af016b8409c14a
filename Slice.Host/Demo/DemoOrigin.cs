using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Slice.Host.Demo;

/// <summary>
/// The sample origin: an HTTP server on a loopback port that the kernel chooses. Everything below <c>/demo/</c> is an object of one
/// length, whose bytes <see cref="DemoContent"/> computes. It counts what it is asked for; that is the demonstration's witness,
/// independent of the proxy's own metrics.
/// </summary>
internal sealed class DemoOrigin : IAsyncDisposable
{
    // The proxy is gone by then, and with it everybody who could be waiting for an answer.
    private static readonly TimeSpan s_shutdownTimeout = TimeSpan.FromSeconds(1);

    private readonly IHost _host;
    private readonly Lock _lock = new();
    private TaskCompletionSource _idle = Completed();
    private int _activeRequests;
    private long _requests;
    private long _bodyBytes;

    private DemoOrigin(long sizeBytes, TimeSpan latency, Action<ILoggingBuilder> configureLogging)
    {
        SizeBytes = sizeBytes;
        Latency = latency;
        _host = new HostBuilder()
            .ConfigureLogging(configureLogging)
            .ConfigureServices(static services => services.Configure<HostOptions>(static host => host.ShutdownTimeout = s_shutdownTimeout))
            .ConfigureWebHost(web => web
                .UseKestrelCore()
                .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Run(ServeAsync)))
                .Configure(static _ => { }))
            .Build();
    }

    /// <summary>Length of every object.</summary>
    public long SizeBytes { get; }

    /// <summary>Wait before each answer.</summary>
    public TimeSpan Latency { get; }

    /// <summary>Last-Modified of every object.</summary>
    public DateTimeOffset LastModified { get; } = DateTimeOffset.UtcNow;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Requests so far.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Body bytes sent so far. A byte is counted before it leaves, so whoever has it finds it counted.</summary>
    public long BodyBytes => Volatile.Read(ref _bodyBytes);

    /// <summary>Starts an origin; when this returns it answers.</summary>
    public static async Task<DemoOrigin> StartAsync(long sizeBytes, TimeSpan latency, Action<ILoggingBuilder> configureLogging)
    {
        var origin = new DemoOrigin(sizeBytes, latency, configureLogging);
        await origin._host.StartAsync();
        var bound = origin._host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        origin.Address = new Uri(bound.Addresses.Single());
        return origin;
    }

    /// <summary>
    /// Completes when every request has been answered to its end: a slice goes on arriving at the proxy after its client has got the
    /// few bytes it wanted. The counts change no more until the next request.
    /// </summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            return _idle.Task;
        }
    }

    /// <summary>Counts one request, whose answer begins.</summary>
    public void BeginAnswer()
    {
        lock (_lock)
        {
            _requests++;
            if (_activeRequests++ == 0)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>Says that an answer has ended, however it did.</summary>
    public void EndAnswer()
    {
        lock (_lock)
        {
            if (--_activeRequests == 0)
            {
                _idle.SetResult();
            }
        }
    }

    /// <summary>Counts bytes of a body that are about to be sent.</summary>
    public void CountBody(int bytes) => Interlocked.Add(ref _bodyBytes, bytes);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static TaskCompletionSource Completed()
    {
        var completed = new TaskCompletionSource();
        completed.SetResult();
        return completed;
    }

    private Task ServeAsync(ConnectionContext connection) => new DemoOriginConnection(this, connection).RunAsync();
}
