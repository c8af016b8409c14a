using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Tests.Host.Configuration;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly ConfigurationFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Default_places_are_the_working_directory_and_etc() =>
        Assert.Equal(
            ["./pingora_slice.yaml", Path.Combine(AppContext.BaseDirectory, "pingora_slice.yaml"), "/etc/pingora-slice/pingora_slice.yaml"],
            ConfigurationLoader.DefaultFiles);

    [Fact]
    public void First_default_file_that_is_there_is_used_alone()
    {
        string[] places =
        [
            _files.Combine("none.yaml"),
            _files.Write("first.yaml", "upstream_address: first:1"),
            _files.Write("second.yaml", "upstream_address: second:1\nmax_retries: 9"),
        ];
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest(), NoEnvironment, places);
        Assert.Equal([places[1]], loaded.Files);
        Assert.Equal("first", loaded.Options!.UpstreamAddresses.Single().Host);
        Assert.Equal(3, loaded.Options.MaxRetries);
    }

    [Fact]
    public void Named_files_replace_the_default_places()
    {
        string named = _files.Write("named.yaml", "upstream_address: named:1");
        LoadedConfiguration loaded = ConfigurationLoader.Load(
            new ConfigurationRequest { Files = [named] }, NoEnvironment, [_files.Write("default.yaml", "max_retries: 9")]);
        Assert.Equal([named], loaded.Files);
        Assert.Equal(3, loaded.Options!.MaxRetries);
    }

    [Fact]
    public void No_file_found_is_an_error_that_names_every_place()
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(
            new ConfigurationRequest(), NoEnvironment, ["/nowhere/a.yaml", "/nowhere/b.yaml"]);
        Assert.Null(loaded.Options);
        Assert.Equal(
            "configuration: no file found; looked at /nowhere/a.yaml and /nowhere/b.yaml "
            + $"(working directory {Environment.CurrentDirectory})",
            Assert.Single(loaded.Errors).ToString());
    }

    [Theory]
    [InlineData(null, 3)]
    [InlineData(7, 7)]
    [InlineData(0, 0)]
    public void Drain_delay_of_the_command_line_overrides_the_file(int? argument, int expected)
    {
        string file = _files.Write("f.yaml", "upstream_address: a:1\ntimeouts: {drain_delay: 3s}");
        TimeSpan? delay = argument is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        LoadedConfiguration loaded = ConfigurationLoader.Load(
            new ConfigurationRequest { Files = [file], DrainDelay = delay }, NoEnvironment);
        Assert.Equal(TimeSpan.FromSeconds(expected), loaded.Options!.Timeouts.DrainDelay);
        Assert.Equal(argument is not null, loaded.Overrides.ContainsKey("timeouts.drain_delay"));
    }

    [Theory]
    [InlineData(null, null, LogSeverity.Warn)]
    [InlineData(null, "", LogSeverity.Warn)]
    [InlineData(null, "debug", LogSeverity.Debug)]
    [InlineData(LogSeverity.Error, null, LogSeverity.Error)]
    [InlineData(LogSeverity.Error, "debug", LogSeverity.Error)]
    public void Command_line_overrides_environment_and_environment_the_file(LogSeverity? argument, string? variable, LogSeverity expected)
    {
        string file = _files.Write("1.yaml", "upstream_address: a:1\nlog_level: warn");
        LoadedConfiguration loaded = ConfigurationLoader.Load(
            new ConfigurationRequest { Files = [file], LogLevel = argument }, name => name == "SLICE_LOG" ? variable : null);
        Assert.Equal(expected, loaded.Options!.LogLevel);
    }

    [Fact]
    public void Environment_in_error_is_reported_besides_the_files_errors()
    {
        string file = _files.Write("1.yaml", "max_retries: 1");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { Files = [file] }, _ => "loud\n");
        Assert.Null(loaded.Options);
        Assert.Equal(
            [
                "1.yaml:1:1: upstream_address: (not set): required and not set, allowed: " + OptionTable.Find("upstream_address")!.Allowed,
                @"environment: SLICE_LOG: loud\n: not a severity, allowed: trace, debug, info, warn or error, and "
                    + "CATEGORY=SEVERITY behind commas for lines of the framework",
            ],
            _files.Lines(loaded.Errors));
    }

    [Fact]
    public void Port_moves_the_instance_and_says_so()
    {
        string file = _files.Write("1.yaml", "upstream_address: a:1\nenable_l2_cache: true\nl2_cache_dir: /cache");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { Files = [file], Port = 8082 }, NoEnvironment);
        Assert.Equal("0.0.0.0:8082", loaded.Options!.ListenAddress);
        Assert.Equal(
            ["--port 8082 moves this instance: clients on 0.0.0.0:8082, metrics on 127.0.0.1:9092, cache in /cache/port-8082"],
            loaded.Notices.Select(notice => notice.Text));
    }

    [Fact]
    public void Port_that_cannot_be_moved_to_is_an_error()
    {
        string file = _files.Write("1.yaml", "upstream_address: a:1\nmetrics_endpoint: {address: '127.0.0.1:65535'}");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { Files = [file], Port = 8081 }, NoEnvironment);
        Assert.Null(loaded.Options);
        Assert.Equal(
            "command line: --port: 8081: the metrics port would shift from 65535 to 65536, which is no port from 1 to 65535",
            Assert.Single(loaded.Errors).ToString());
    }

    private static string? NoEnvironment(string name) => null;
}
