using System.Net;
using Microsoft.Extensions.Logging;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// The product under one configuration file: in this process, or the published binary as a process of its own where
/// <c>PINGORA_SLICE_BINARY</c> names one.
/// </summary>
internal sealed class ChaosProduct : IAsyncDisposable
{
    private readonly IAsyncDisposable _running;
    private readonly Func<IReadOnlyList<string>> _log;

    private ChaosProduct(IAsyncDisposable running, IPEndPoint endPoint, IPEndPoint metricsEndPoint, Func<IReadOnlyList<string>> log)
    {
        _running = running;
        _log = log;
        EndPoint = endPoint;
        MetricsEndPoint = metricsEndPoint;
    }

    /// <summary>The proxy port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The metrics port.</summary>
    public IPEndPoint MetricsEndPoint { get; }

    /// <summary>What it logged as a fault of its own; there must be none.</summary>
    public IReadOnlyList<string> Faults => [.. _log().Where(line => line.Contains("internal_error", StringComparison.Ordinal))];

    /// <summary>Starts it on <paramref name="yaml"/>, in which <c>{{port}}</c> and <c>{{metrics_port}}</c> are filled in.</summary>
    public static async Task<ChaosProduct> StartAsync(string yaml)
    {
        if (Environment.GetEnvironmentVariable("PINGORA_SLICE_BINARY") is { Length: > 0 })
        {
            var process = await ProductProcess.StartAsync(yaml);
            return new ChaosProduct(process, process.EndPoint, process.MetricsEndPoint, () => process.Lines);
        }

        using var directory = new TestDirectory("chaos");
        string file = directory.Combine("pingora_slice.yaml");
        await File.WriteAllTextAsync(file, yaml
            .Replace("{{port}}", "0", StringComparison.Ordinal)
            .Replace("{{metrics_port}}", "0", StringComparison.Ordinal));
        var configuration = ConfigurationReader.Read([file]);
        Assert.Empty(configuration.Errors);
        var proxy = await ProxyUnderTest.StartAsync(configuration.Options!, TimeProvider.System, (_, level) => level >= LogLevel.Error);
        proxy.StopRecording();
        return new ChaosProduct(proxy, proxy.EndPoint, proxy.AdminEndPoint, () => proxy.Log);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _running.DisposeAsync();
}
