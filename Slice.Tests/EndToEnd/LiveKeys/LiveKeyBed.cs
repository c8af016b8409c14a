using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Origin;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Logging;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>
/// A proxy on a configuration file, with everything that a reload goes through: loader, plan, instance. Time stands still until a test
/// moves it; all timeouts are a day and there are no least rates, so that only the key under test bounds anything.
/// </summary>
internal sealed class LiveKeyBed : IAsyncDisposable
{
    private static readonly (string Key, string Value)[] s_base =
    [
        ("listen_address", "127.0.0.1:0"), ("metrics_endpoint.address", "127.0.0.1:0"), ("upstream_address", "{origin}"),
        ("l1_cache_size_bytes", "64MiB"), ("slice_size", "64KiB"), ("max_retries", "0"), ("log_level", "info"),
        ("limits.min_send_rate", "0"), ("limits.min_receive_rate", "0"), ("timeouts.first_byte", "1d"), ("timeouts.between_bytes", "1d"),
        ("timeouts.subrequest_total", "1d"), ("timeouts.origin_queue", "1d"), ("timeouts.request_head", "1d"),
        ("timeouts.request_body", "1d"), ("timeouts.keep_alive", "1d"), ("timeouts.send", "1d"), ("timeouts.tunnel", "1d"),
    ];

    private readonly LiveKeyRow _row;
    private readonly TestDirectory _directory = new("live-keys");
    private ConfigurationReload? _reload;
    private ProxyUnderTest? _proxy;
    private RawClient? _client;
    private int _targets;

    private LiveKeyBed(LiveKeyRow row)
    {
        _row = row;

        // Bodies are left to the scripts, some of which look at each byte.
        Origin = ScriptedOrigin.Start(File.AnswerAsync, readsBodies: false);
        Other = ScriptedOrigin.Start(File.AnswerAsync, readsBodies: false);
    }

    /// <summary>The clock; a day back, so that the dates of the scripts may be of now.</summary>
    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow.AddDays(-1));

    /// <summary>What both origins serve until a walk gives them another script: four slices of 64 KiB.</summary>
    public RangeFile File { get; } = new(256 << 10);

    /// <summary>The origin.</summary>
    public ScriptedOrigin Origin { get; }

    /// <summary>A second one, which the proxy asks when the row says so.</summary>
    public ScriptedOrigin Other { get; }

    /// <summary>A file for lines, <c>{log}</c> in a row.</summary>
    public string LogFile => _directory.Combine("access.log");

    /// <summary>The proxy.</summary>
    public ProxyUnderTest Proxy => _proxy!;

    /// <summary>A connection from before the reload, which has had an answer.</summary>
    public RawClient Client => _client!;

    /// <summary>Whether the reload has been.</summary>
    public bool IsReloaded { get; private set; }

    /// <summary>Starts a proxy under the row's old value.</summary>
    public static async Task<LiveKeyBed> StartAsync(LiveKeyRow row)
    {
        var bed = new LiveKeyBed(row);
        try
        {
            bed.Write(row.Old);
            var loaded = bed.Load();
            Assert.Empty(loaded.Errors);
            var threshold = new LogThreshold(loaded.Options!.LogLevel);
            bed._proxy = await ProxyUnderTest.StartAsync(loaded.Options, bed.Time, threshold.Allows);
            bed._reload = new ConfigurationReload(loaded, bed.Load, threshold, bed.Proxy.Instance.Loggers);
            bed._reload.Attach(bed.Proxy.Instance.Apply, certificate: null);
            bed._client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
            await bed.Client.SendAsync(RawClient.Request("GET", "/health"));
            Assert.Equal(200, (await bed.Client.ReadResponseAsync()).StatusCode);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the new value into the file and reloads, once; of all keys this one alone is applied.</summary>
    public void Reload()
    {
        Assert.False(IsReloaded);
        IsReloaded = true;
        Write(_row.New);
        _reload!.Reload();
        string line = Assert.Single(Proxy.Log, line => line.StartsWith("Information reloaded ", StringComparison.Ordinal));
        Assert.EndsWith($"applied={_row.Key} waiting=none overridden=none", line, StringComparison.Ordinal);
    }

    /// <summary>A target that nobody has asked for.</summary>
    public string NewTarget(string path = "/sliced/") => string.Create(CultureInfo.InvariantCulture, $"{path}{++_targets}");

    /// <summary>One GET, on a connection of its own.</summary>
    public Task<RawResponse> GetAsync(string target, params string[] fields) => Proxy.GetAsync(target, fields);

    /// <summary>
    /// Takes the room that a <c>limits.max_origin_requests</c> of 1 gives: by a slow body that counts apart, and one that does not.
    /// </summary>
    public async Task OccupyOriginAsync(Task gate)
    {
        File.Fault = _ => new RangeFault { PauseAfterBytes = 1, BodyGate = gate };
        for (int body = 0; body < 2; body++)
        {
            Assert.Equal(206, (await GetAsync(NewTarget(), "Range: bytes=0-0")).StatusCode);
            Time.Advance(GatePolicy.Subrequests.BodyPatience);
        }
    }

    /// <summary>One request without content of any method, on a connection of its own.</summary>
    public async Task<RawResponse> SendAsync(string method, string target, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(Proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, target, fields));
        return await client.ReadResponseAsync(method);
    }

    /// <summary>How many requests reach the origin while <paramref name="act"/> runs, as text.</summary>
    public async Task<string> AskedAsync(Func<Task> act)
    {
        int before = Origin.RequestCount;
        await act();
        return string.Create(CultureInfo.InvariantCulture, $"{Origin.RequestCount - before}");
    }

    /// <summary>A minute, second by second, so that everything that looks at the clock looks.</summary>
    public void PassMinute()
    {
        for (int second = 0; second < 60; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Awaits <paramref name="awaited"/> while time goes on.</summary>
    public Task<T> PassUntilAsync<T>(Task<T> awaited) => PassingTime.UntilAsync(Time, awaited, $"{_row.Key} to end the wait");

    /// <summary>Lets time go on until something is so.</summary>
    public Task PassUntilAsync(Func<bool> isSo) => PassingTime.UntilAsync(Time, isSo, $"{_row.Key} to end the wait");

    /// <summary>Lets time go on until no request is active.</summary>
    public Task PassUntilIdleAsync() =>
        PassingTime.UntilAsync(Time, () => Proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, $"{_row.Key} to end the request");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _reload?.Dispose();
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        await Origin.DisposeAsync();
        await Other.DisposeAsync();
        _directory.Dispose();
    }

    private LoadedConfiguration Load() =>
        ConfigurationLoader.Load(new ConfigurationRequest { Files = [_directory.Combine("pingora_slice.yaml")] }, _ => null);

    private void Write(string value)
    {
        var values = new Dictionary<string, string>();
        foreach (var (key, text) in s_base.Concat(_row.With).Append((_row.Key, value)))
        {
            values[key] = text
                .Replace("{origin}", Origin.Authority, StringComparison.Ordinal)
                .Replace("{other}", Other.Authority, StringComparison.Ordinal)
                .Replace("{log}", LogFile, StringComparison.Ordinal);
        }

        System.IO.File.WriteAllLines(_directory.Combine("pingora_slice.yaml"), LinesOf("", values));
    }

    private static IEnumerable<string> LinesOf(string section, Dictionary<string, string> values) =>
    [
        .. OptionTable.Keys
            .Where(key => key.Section == section && values.ContainsKey(key.Name))
            .Select(key => $"{key.LocalName}: {values[key.Name]}"),
        .. OptionTable.Sections
            .Where(nested => OptionTable.ParentOf(nested) == section)
            .SelectMany(nested => LinesOf(nested, values)
                .Select(line => "  " + line)
                .Prepend($"{OptionTable.LocalNameOf(nested)}: ")),
    ];
}
