using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Tests.Host.Configuration;

public sealed class InstancePortTests
{
    [Theory]
    [InlineData("0.0.0.0:8080", "127.0.0.1:9090", 8080, "0.0.0.0:8080", "127.0.0.1:9090")]
    [InlineData("0.0.0.0:8080", "127.0.0.1:9090", 8082, "0.0.0.0:8082", "127.0.0.1:9092")]
    [InlineData("0.0.0.0:8080", "127.0.0.1:9090", 80, "0.0.0.0:80", "127.0.0.1:1090")]
    [InlineData("[::]:8080", "[::1]:9090", 8081, "[::]:8081", "[::1]:9091")]
    [InlineData("0.0.0.0:8080", "127.0.0.1:0", 8081, "0.0.0.0:8081", "127.0.0.1:0")]
    [InlineData("0.0.0.0:8080", "127.0.0.1:65534", 8081, "0.0.0.0:8081", "127.0.0.1:65535")]
    [InlineData("0.0.0.0:8081", "127.0.0.1:2", 8080, "0.0.0.0:8080", "127.0.0.1:1")]
    public void Both_ports_shift_by_the_same(string listen, string metrics, int port, string movedListen, string movedMetrics)
    {
        Assert.Null(InstancePort.Move(Options(listen, metrics), port, out SliceOptions moved, out _));
        Assert.Equal((movedListen, movedMetrics), (moved.ListenAddress, moved.MetricsEndpoint.Address));
    }

    [Theory]
    [InlineData("0.0.0.0:8080", "127.0.0.1:65535", 8081,
        "the metrics port would shift from 65535 to 65536, which is no port from 1 to 65535")]
    [InlineData("0.0.0.0:8081", "127.0.0.1:1", 8080, "the metrics port would shift from 1 to 0, which is no port from 1 to 65535")]
    [InlineData("0.0.0.0:8081", "127.0.0.1:1", 80, "the metrics port would shift from 1 to -8000, which is no port from 1 to 65535")]
    [InlineData("0.0.0.0:0", "127.0.0.1:9090", 8080, "listen_address has port 0, so it is unknown how far the metrics port must shift")]
    public void Metrics_port_that_would_leave_the_range_is_refused(string listen, string metrics, int port, string problem)
    {
        SliceOptions options = Options(listen, metrics);
        Assert.Equal(problem, InstancePort.Move(options, port, out SliceOptions moved, out string notice));
        Assert.Same(options, moved);
        Assert.Equal("", notice);
    }

    [Fact]
    public void Disabled_metrics_endpoint_hinders_nothing()
    {
        SliceOptions options = Options("0.0.0.0:0", "127.0.0.1:65535") with
        {
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = false, Address = "127.0.0.1:65535" },
        };
        Assert.Null(InstancePort.Move(options, 8080, out SliceOptions moved, out string notice));
        Assert.Equal("127.0.0.1:65535", moved.MetricsEndpoint.Address);
        Assert.Equal("--port 8080 moves this instance: clients on 0.0.0.0:8080", notice);
    }

    [Fact]
    public void Cache_on_disk_gets_a_directory_of_its_own_also_on_the_configured_port()
    {
        SliceOptions options = Options("0.0.0.0:8080", "127.0.0.1:9090") with
        {
            Store = new CacheStoreOptions { OnDisk = true, Directory = "/cache" },
        };
        InstancePort.Move(options, 8080, out SliceOptions same, out string notice);
        InstancePort.Move(options, 8081, out SliceOptions other, out _);
        Assert.Equal(("/cache/port-8080", "/cache/port-8081"), (same.Store.Directory, other.Store.Directory));
        Assert.EndsWith("cache in /cache/port-8080", notice, StringComparison.Ordinal);
    }

    [Fact]
    public void Three_instances_of_one_configuration_share_nothing()
    {
        SliceOptions options = Options("0.0.0.0:8080", "127.0.0.1:9090");
        SliceOptions[] instances =
        [
            .. Enumerable.Range(8080, 3)
                .Select(port => InstancePort.Move(options, port, out SliceOptions moved, out _) is null ? moved : options),
        ];
        Assert.Equal(3, instances.Select(instance => instance.ListenAddress).Distinct().Count());
        Assert.Equal(3, instances.Select(instance => instance.MetricsEndpoint.Address).Distinct().Count());
        Assert.Equal(3, instances.Select(instance => instance.Store.Directory).Distinct().Count());
    }

    private static SliceOptions Options(string listen, string metrics) => new()
    {
        UpstreamAddresses = [new Uri("http://origin.example")],
        ListenAddress = listen,
        MetricsEndpoint = new MetricsEndpointOptions { Address = metrics },
    };
}
