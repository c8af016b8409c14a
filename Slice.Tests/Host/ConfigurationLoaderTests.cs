using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host;

/// <summary>Files, environment and command line together.</summary>
public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly TestDirectory _directory = new("loader");
    private readonly string _file;

    public ConfigurationLoaderTests()
    {
        _file = _directory.Combine("pingora_slice.yaml");
        File.WriteAllText(_file, "upstream_address: a.example\nlog_level: error\nenable_l2_cache: true\nl2_cache_dir: /cache\n");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void First_default_place_that_has_a_file_is_used_alone()
    {
        string absent = _directory.Combine("absent.yaml");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest(), _ => null, [absent, _file]);
        Assert.Empty(loaded.Errors);
        Assert.Equal([_file], loaded.Files);
    }

    [Fact]
    public void No_file_anywhere_is_an_error_that_names_the_places()
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest(), _ => null, ["/nowhere/a.yaml", "/nowhere/b.yaml"]);
        string error = Assert.Single(loaded.Errors).ToString();
        Assert.Contains("no file found; looked at /nowhere/a.yaml and /nowhere/b.yaml", error, StringComparison.Ordinal);
        Assert.Null(loaded.Options);
    }

    [Fact]
    public void Default_places_are_those_of_the_contract() =>
        Assert.Equal(["./pingora_slice.yaml", "/etc/pingora-slice/pingora_slice.yaml"], ConfigurationLoader.DefaultFiles);

    [Theory]
    [InlineData(null, null, LogSeverity.Error)]
    [InlineData("debug", null, LogSeverity.Debug)]
    [InlineData("", null, LogSeverity.Error)]
    [InlineData("debug", LogSeverity.Trace, LogSeverity.Trace)]
    [InlineData(null, LogSeverity.Warn, LogSeverity.Warn)]
    public void Command_line_goes_before_environment_before_file(string? environment, LogSeverity? commandLine, LogSeverity expected) =>
        Assert.Equal(expected, Load(new ConfigurationRequest { Files = [_file], LogLevel = commandLine }, environment).Options!.LogLevel);

    [Fact]
    public void Environment_in_error_is_named()
    {
        string error = Assert.Single(Load(new ConfigurationRequest { Files = [_file] }, "loud").Errors).ToString();
        Assert.Equal("environment: SLICE_LOG: loud: not a severity, allowed: trace, debug, info, warn or error", error);
    }

    [Fact]
    public void Port_moves_listener_metrics_and_cache()
    {
        LoadedConfiguration loaded = Load(new ConfigurationRequest { Files = [_file], Port = 8082 }, null);
        Assert.Equal("0.0.0.0:8082", loaded.Options!.ListenAddress);
        Assert.Equal("127.0.0.1:9092", loaded.Options.MetricsEndpoint.Address);
        Assert.Equal("/cache/port-8082", loaded.Options.Store.Directory);
        Assert.Equal(
            "--port 8082 moves this instance: clients on 0.0.0.0:8082, metrics on 127.0.0.1:9092, cache in /cache/port-8082", Assert.Single(loaded.Notices));
    }

    [Fact]
    public void Port_that_is_configured_gets_a_directory_of_its_own_too() =>
        Assert.Equal("/cache/port-8080", Load(new ConfigurationRequest { Files = [_file], Port = 8080 }, null).Options!.Store.Directory);

    [Theory]
    [InlineData("127.0.0.1:65000", 9000, "the metrics port would shift from 65000 to 65920, which is no port from 1 to 65535")]
    [InlineData("127.0.0.1:100", 7000, "the metrics port would shift from 100 to -980, which is no port from 1 to 65535")]
    public void Port_that_moves_the_metrics_port_out_of_range_is_an_error(string metrics, int port, string expected)
    {
        File.AppendAllText(_file, $"metrics_endpoint:\n  address: {metrics}\n");
        string error = Assert.Single(Load(new ConfigurationRequest { Files = [_file], Port = port }, null).Errors).ToString();
        Assert.Contains($"command line: --port: {port}: {expected}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Port_with_an_unknown_distance_is_an_error()
    {
        File.AppendAllText(_file, "listen_address: 127.0.0.1:0\n");
        Assert.Contains("listen_address has port 0", Assert.Single(Load(new ConfigurationRequest { Files = [_file], Port = 8081 }, null).Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_prints_the_effective_configuration_and_says_ok()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, ConfigurationCheck.Run(new ConfigurationRequest { Files = [_file] }, _ => null, output, error));
        Assert.EndsWith("# configuration ok\n", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("slice_size: 1MiB\n", output.ToString(), StringComparison.Ordinal);
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public void Check_prints_every_error_and_fails()
    {
        File.WriteAllText(_file, "slice_size: 1\nmax_retries: 99\n");
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(78, ConfigurationCheck.Run(new ConfigurationRequest { Files = [_file] }, _ => null, output, error));
        Assert.Equal("", output.ToString());
        Assert.Equal(3, error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static LoadedConfiguration Load(ConfigurationRequest request, string? logVariable) =>
        ConfigurationLoader.Load(request, name => name == ConfigurationLoader.LogVariable ? logVariable : null);
}
