using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Three instances on one configuration file behind a real balancer with the configuration we ship; one of them stops and comes back.
/// </summary>
public sealed class BehindHaproxyTests : IAsyncLifetime
{
    // More than the socket buffers on the way hold, so that a download that is not read stays under way.
    private const int LengthBytes = 24 << 20;
    private const int SliceBytes = 256 << 10;
    private const int Instances = 3;

    private readonly TestDirectory _directory = new("instances");
    private readonly RangeFile _file = new(LengthBytes);
    private readonly ProductProcess?[] _instances = new ProductProcess?[Instances];
    private ScriptedOrigin? _origin;
    private int _firstPort;
    private int _firstMetricsPort;

    public async ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);

        // Ports are taken in a row, so one that somebody else takes meanwhile moves all of them.
        for (int attempt = 1; _instances[Instances - 1] is null; attempt++)
        {
            (_firstPort, _firstMetricsPort) = (FreePort.ReserveRow(Instances), FreePort.ReserveRow(Instances));
            try
            {
                for (int index = 0; index < Instances; index++)
                {
                    _instances[index] = await StartAsync(index);
                }
            }
            catch (PortTakenException) when (attempt < 5)
            {
                await StopAllAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopAllAsync();
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Dispose();
    }

    [Fact]
    public async Task Instances_of_one_file_have_ports_and_caches_of_their_own()
    {
        foreach (ProductProcess? instance in _instances)
        {
            Assert.Equal(200, (await RawClient.GetAsync(instance!.EndPoint, "/health")).StatusCode);
            await instance.LineAsync("moves this instance");
        }

        for (int index = 0; index < Instances; index++)
        {
            RawResponse metrics = await RawClient.GetAsync(
                new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, _firstMetricsPort + index), "/metrics");
            Assert.Contains("pingora_slice_requests_total", metrics.BodyText, StringComparison.Ordinal);
            Assert.True(
                Directory.Exists(_directory.Combine(string.Create(CultureInfo.InvariantCulture, $"cache/port-{_firstPort + index}"))));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Downloads_through_haproxy_go_on_while_one_instance_is_stopped(bool roundRobin)
    {
        string shipped = Repository.Read("systemd/haproxy.cfg");
        string configuration = WithPorts(roundRobin ? RoundRobin(shipped) : shipped)
            .Replace("bind :80", "bind 127.0.0.1:{{port}}", StringComparison.Ordinal);
        await using var haproxy = await HaproxyServer.StartAsync(configuration);
        await DownloadAsync(haproxy, "/before");

        ProductProcess stopped = _instances[1]!;
        using RawClient running = await BeginDownloadAsync(haproxy, stopped);
        Task<int> stopping = stopped.StopAsync();
        await stopped.LineAsync("event=stopping");
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), await running.ReadBytesAsync(LengthBytes));
        Assert.Equal(0, await stopping);

        for (int download = 0; download < 6; download++)
        {
            await DownloadAsync(haproxy, string.Create(CultureInfo.InvariantCulture, $"/during-{download}"));
        }

        await stopped.DisposeAsync();
        _instances[1] = await StartAsync(1);
        await Eventually.TrueAsync(
            async () =>
            {
                await DownloadAsync(haproxy, string.Create(CultureInfo.InvariantCulture, $"/after-{Guid.NewGuid():N}"));
                RawResponse metrics = await RawClient.GetAsync(_instances[1]!.MetricsEndPoint, "/metrics");
                return metrics.BodyText.Contains("pingora_slice_sliced_requests_total 1", StringComparison.Ordinal);
            },
            () => "the instance that came back gets downloads again");
    }

    [Fact]
    public async Task Downloads_through_nginx_go_on_while_one_instance_is_stopped()
    {
        string http = WithPorts(Repository.Read("systemd/nginx.conf"))
            .Replace("listen 80;", "listen 127.0.0.1:{{port}};", StringComparison.Ordinal)
            .Replace(
                "http://127.0.0.1:9090",
                string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_firstMetricsPort}"),
                StringComparison.Ordinal);
        await using var nginx = await NginxServer.StartAsync(http);
        await DownloadAsync(nginx, "/before");
        Assert.Contains("healthy", (await RawClient.GetAsync(nginx.EndPoint, "/health")).BodyText, StringComparison.Ordinal);
        Assert.Contains(
            "pingora_slice_requests_total", (await RawClient.GetAsync(nginx.EndPoint, "/metrics")).BodyText, StringComparison.Ordinal);

        Assert.Equal(0, await _instances[2]!.StopAsync());

        for (int download = 0; download < 6; download++)
        {
            await DownloadAsync(nginx, string.Create(CultureInfo.InvariantCulture, $"/during-{download}"));
        }
    }

    private static string RoundRobin(string configuration) => configuration
        .Replace("    balance uri path-only\n    hash-type consistent\n", "", StringComparison.Ordinal)
        .Replace("#balance roundrobin", "balance roundrobin", StringComparison.Ordinal);

    private static async Task DownloadAsync(LocalServer balancer, string target)
    {
        using var sink = new VerifyingSink(TestContent.Version(1));
        await RawClient.GetVerifiedAsync(balancer.EndPoint, target, sink, Deadline.Default);
        Assert.Equal(LengthBytes, sink.Count);
    }

    // A download that HAProxy has given to this instance, and of which nothing but the head is read.
    private static async Task<RawClient> BeginDownloadAsync(HaproxyServer haproxy, ProductProcess instance)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            RawClient client = await RawClient.ConnectAsync(haproxy.EndPoint, receiveBufferBytes: 16 << 10);
            await client.SendAsync(RawClient.Request("GET", string.Create(CultureInfo.InvariantCulture, $"/running-{attempt}")));
            Assert.Equal(200, (await client.ReadHeadAsync()).StatusCode);
            RawResponse metrics = await RawClient.GetAsync(instance.MetricsEndPoint, "/metrics");
            if (metrics.BodyText.Contains("pingora_slice_active_requests 1\n", StringComparison.Ordinal))
            {
                return client;
            }

            client.Dispose();
        }

        throw new InvalidOperationException("HAProxy gave none of 100 downloads to the instance");
    }

    private Task<ProductProcess> StartAsync(int index)
    {
        int port = _firstPort + index;
        string configuration = $$"""
            listen_address: 127.0.0.1:{{_firstPort}}
            metrics_endpoint:
              address: 127.0.0.1:{{_firstMetricsPort}}
            upstream_address: {{_origin!.Authority}}
            slice_size: {{SliceBytes}}
            enable_l2_cache: true
            l2_cache_dir: {{_directory.Combine("cache")}}
            cache_size: 64MiB
            """;
        return ProductProcess.StartOnPortAsync(
            configuration, _directory.Path, port, _firstMetricsPort + index, "--port", port.ToString(CultureInfo.InvariantCulture));
    }

    private string WithPorts(string configuration) => Enumerable.Range(0, Instances).Aggregate(configuration, (text, index) => text.Replace(
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{8080 + index}"),
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_firstPort + index}"),
        StringComparison.Ordinal));

    private async Task StopAllAsync()
    {
        foreach (ProductProcess? instance in _instances)
        {
            await (instance?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        Array.Clear(_instances);
    }
}
