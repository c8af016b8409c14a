using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Both formats of /metrics, read by the strictest readers there are: promtool, and the reference parser of OpenMetrics.</summary>
public sealed class ExpositionTests : IAsyncLifetime
{
    // Debian's: a Python of another origin does not see Debian's modules.
    private const string Python = "/usr/bin/python3";

    private const string Parse = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        families = list(text_string_to_metric_families(open(sys.argv[1], encoding="utf-8").read()))
        print(len(families), "families,", sum(len(family.samples) for family in families), "samples")
        """;

    private readonly RangeFile _file = new(16);
    private readonly TestDirectory _directory = new("exposition");
    private ScriptedOrigin? _origin;
    private ProxyUnderTest? _proxy;

    public async ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
        _proxy = await ProxyUnderTest.StartAsync(_origin.Uri, 4);
        await _proxy.GetAsync("/file");
        await _proxy.GetAsync("/file");
        await _proxy.PurgeAsync("/file");
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Dispose();
    }

    // What the linter minds are names of the contract, and no more than those.
    [Fact]
    public async Task Classic_text_passes_promtool()
    {
        await SaveAsync("metrics.txt");
        using var process = ChildProcess.Start(
            "sh", ["-c", "/usr/bin/promtool check metrics <metrics.txt"], "sh is in every system.", _directory.Path);
        int exitCode = await process.ExitedAsync();

        Assert.True(exitCode is 0 or 3, process.Output);
        Assert.Equal(
            [
                "pingora_slice_assembly_duration_ms_avg metric names should not contain abbreviated units",
                "pingora_slice_purge_requests_by_result counter metrics should have \"_total\" suffix",
                "pingora_slice_request_duration_ms_avg metric names should not contain abbreviated units",
                "pingora_slice_subrequest_duration_ms_avg metric names should not contain abbreviated units",
            ],
            process.Lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Openmetrics_passes_the_reference_parser()
    {
        await SaveAsync("metrics.om", "Accept: application/openmetrics-text; version=1.0.0");
        using var process = ChildProcess.Start(
            Python, ["-c", Parse, _directory.Combine("metrics.om")], "Install Debian's package 'python3-prometheus-client'.");

        Assert.True(await process.ExitedAsync() == 0, process.Output);
        Assert.Matches("^[0-9]+ families, [0-9]+ samples$", process.Output);
    }

    private async Task SaveAsync(string name, params string[] fields) => await File.WriteAllTextAsync(
        _directory.Combine(name), (await RawClient.GetAsync(_proxy!.AdminEndPoint, "/metrics", fields)).BodyText);
}
