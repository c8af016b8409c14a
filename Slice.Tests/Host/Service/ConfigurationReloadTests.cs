using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Logging;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>What a reload puts in force, and the one line that tells it.</summary>
public sealed class ConfigurationReloadTests : IDisposable
{
    private readonly TestDirectory _directory = new("reload");
    private readonly LogCapture _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly List<SliceOptions> _applied = [];
    private readonly LogThreshold _threshold = new(LogSeverity.Info);
    private string? _variable;

    public ConfigurationReloadTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));

    private string FilePath => _directory.Combine("f.yaml");

    public void Dispose()
    {
        _loggers.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Live_keys_are_applied_and_others_wait()
    {
        using var reload = Start("max_retries: 1\ncache_size: 1GiB\n");
        Assert.Equal(
            "Information reloaded the configuration was read again: applied=max_retries waiting=cache_size overridden=none",
            Reload(reload, "max_retries: 2\ncache_size: 2GiB\n"));
        Assert.Equal((2, 1L << 30), (_applied[^1].MaxRetries, _applied[^1].Store.DiskSizeBytes));
    }

    [Fact]
    public void Reload_without_changes_says_none_and_what_was_applied_is_remembered()
    {
        using var reload = Start("max_retries: 1\n");
        Reload(reload, "max_retries: 2\n");
        const string none = "Information reloaded the configuration was read again: applied=none waiting=none overridden=none";
        Assert.Equal(none, Reload(reload, "max_retries: 2\n"));
        Assert.Equal(2, _applied[^1].MaxRetries);
        Assert.Contains("applied=max_retries ", Reload(reload, "max_retries: 1\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Level_that_the_environment_overrides_is_named_with_the_variable()
    {
        _variable = "debug";
        using var reload = Start("log_level: info\n");
        Assert.EndsWith(
            "applied=none waiting=none overridden=log_level stays debug: SLICE_LOG overrides the file",
            Reload(reload, "log_level: error\n"), StringComparison.Ordinal);
        Assert.EndsWith("overridden=none", Reload(reload, "log_level: error\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Level_that_the_command_line_overrides_is_named_with_the_option()
    {
        _variable = "debug";
        using var reload = Start("log_level: info\n", new ConfigurationRequest { Files = [FilePath], LogLevel = LogSeverity.Trace });
        Assert.EndsWith(
            "overridden=log_level stays trace: --log-level overrides the file",
            Reload(reload, "log_level: error\n"),
            StringComparison.Ordinal);
    }

    // The port of the file is what --port stands in for; the shift of the others changes, which is a change like any other.
    [Fact]
    public void Address_that_the_command_line_moves_is_named_when_the_file_cannot_change_it()
    {
        using var reload = Start("listen_address: 127.0.0.1:8080\n", new ConfigurationRequest { Files = [FilePath], Port = 8090 });
        Assert.EndsWith(
            "waiting=metrics_endpoint.address overridden=listen_address stays 127.0.0.1:8090: --port overrides the file",
            Reload(reload, "listen_address: 127.0.0.1:8081\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Secret_that_changes_is_named_and_not_shown()
    {
        using var reload = Start("purge: {auth_token: first-secret}\n");
        string line = Reload(reload, "purge: {auth_token: second-secret}\n");
        Assert.Contains("applied=purge.auth_token ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line.Replace("purge.auth_token", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Level_takes_effect_for_the_log_itself()
    {
        using var reload = Start("log_level: info\n");
        Assert.False(_threshold.Allows("Slice.Host", LogLevel.Debug));
        Reload(reload, "log_level: debug\n");
        Assert.True(_threshold.Allows("Slice.Host", LogLevel.Debug));
    }

    [Fact]
    public void Invalid_configuration_changes_nothing()
    {
        using var reload = Start("max_retries: 1\n");
        string line = Reload(reload, "max_retries: 99\n");
        Assert.StartsWith("Error reload_refused the configuration stays as it was: ", line, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(_applied).MaxRetries);
    }

    // The signal may come before the instance is there.
    [Fact]
    public void Reload_before_the_instance_runs_is_applied_when_it_does()
    {
        using var reload = StartWithoutInstance("max_retries: 1\n", Request);
        Reload(reload, "max_retries: 2\n");
        Assert.Empty(_applied);
        reload.Attach(_applied.Add, certificate: null);
        Assert.Equal(2, Assert.Single(_applied).MaxRetries);
    }

    private ConfigurationRequest Request => new() { Files = [FilePath] };

    private ConfigurationReload Start(string yaml, ConfigurationRequest? request = null)
    {
        var reload = StartWithoutInstance(yaml, request ?? Request);
        reload.Attach(_applied.Add, certificate: null);
        return reload;
    }

    private ConfigurationReload StartWithoutInstance(string yaml, ConfigurationRequest request)
    {
        Write(yaml);
        return new ConfigurationReload(Load(), Load, _threshold, _loggers);

        LoadedConfiguration Load() => ConfigurationLoader.Load(request, name => name == "SLICE_LOG" ? _variable : null);
    }

    private string Reload(ConfigurationReload reload, string yaml)
    {
        Write(yaml);
        int before = _log.Lines.Count;
        reload.Reload();
        return Assert.Single(_log.Lines.Skip(before));
    }

    private void Write(string yaml) => File.WriteAllText(FilePath, "upstream_address: a:1\n" + yaml);
}
