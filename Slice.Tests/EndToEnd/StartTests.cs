using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// What an operator sees of a start: what is wrong, with its place and its reason, and an exit code that tells whose fault it was.
/// </summary>
public sealed class StartTests : IDisposable
{
    private const int CannotStart = 1;
    private const int Usage = 64;
    private const int Configuration = 78;

    // No test here lets a request through, so nothing needs to answer there.
    private const string AnyOrigin = "upstream_address: 127.0.0.1:9";

    private readonly TestDirectory _directory = new("start");

    public void Dispose() => _directory.Dispose();

    private string WriteConfiguration(string yaml)
    {
        string path = _directory.Combine("pingora_slice.yaml");
        File.WriteAllText(path, yaml);
        return path;
    }

    private static string Endpoints(int port, int metricsPort) => $"""
        {AnyOrigin}
        listen_address: 127.0.0.1:{port}
        metrics_endpoint:
          address: 127.0.0.1:{metricsPort}
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B48")]
    public async Task Invalid_configuration_lists_every_error_with_its_place(bool onlyChecks)
    {
        string file = WriteConfiguration("""
            upstream_address: 127.0.0.1:9
            slice_size: 1
            max_retrys: 3
            timeouts:
              shutdown: soon
            """);

        var (exitCode, lines) = await ProductProcess.RunAsync([file, .. onlyChecks ? ["--check-config"] : Array.Empty<string>()]);

        Assert.Equal(Configuration, exitCode);
        Assert.Collection(
            lines,
            line => Assert.StartsWith($"{file}:2:13: slice_size: 1: ", line, StringComparison.Ordinal),
            line => Assert.Equal($"{file}:3:1: max_retrys: unknown key, did you mean max_retries?", line),
            line => Assert.StartsWith($"{file}:5:13: timeouts.shutdown: soon: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_configuration_names_the_places_looked_at()
    {
        var (exitCode, lines) = await ProductProcess.RunInAsync(_directory.Path);

        Assert.Equal(Configuration, exitCode);
        string line = Assert.Single(lines);
        Assert.Contains("./pingora_slice.yaml", line, StringComparison.Ordinal);
        Assert.Contains("/etc/pingora-slice/pingora_slice.yaml", line, StringComparison.Ordinal);
        Assert.Contains(_directory.Path, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_named_but_missing_is_an_error_even_where_a_default_one_lies()
    {
        WriteConfiguration(AnyOrigin);

        var (exitCode, lines) = await ProductProcess.RunInAsync(_directory.Path, "other.yaml");

        Assert.Equal(Configuration, exitCode);
        Assert.Equal("other.yaml: cannot be read: no such file", Assert.Single(lines));
    }

    [Fact]
    public async Task Configuration_check_prints_what_holds_and_starts_nothing()
    {
        WriteConfiguration(AnyOrigin + "\nslice_size: 128KiB");

        var (exitCode, lines) = await ProductProcess.RunInAsync(_directory.Path, "--check-config");

        Assert.Equal(0, exitCode);
        Assert.Contains("slice_size: 128KiB", lines);
        Assert.Contains("# configuration ok", lines);
    }

    [Fact]
    public async Task Unknown_option_is_named_and_answered_with_the_usage_code()
    {
        var (exitCode, lines) = await ProductProcess.RunAsync("--check-confg");

        Assert.Equal(Usage, exitCode);
        Assert.Equal("pingora-slice: --check-confg: unknown option, did you mean --check-config?", lines[0]);
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        var (exitCode, lines) = await ProductProcess.RunAsync("--version");

        Assert.Equal(0, exitCode);
        Assert.Matches(@"^pingora-slice \d+\.\d+\.\d+", Assert.Single(lines));
    }

    [Theory]
    [InlineData("listen_address")]
    [InlineData("metrics_endpoint.address")]
    public async Task Port_in_use_is_named_with_its_key_address_and_reason(string key)
    {
        await using var holder = ScriptedOrigin.StartWithAnswers();
        int free = FreePort.Reserve();
        string file = WriteConfiguration(key == "listen_address" ? Endpoints(holder.Port, free) : Endpoints(free, holder.Port));

        var (exitCode, lines) = await ProductProcess.RunAsync(file);

        Assert.Equal(CannotStart, exitCode);
        string line = Assert.Single(lines);
        Assert.Contains("event=cannot_start", line, StringComparison.Ordinal);
        Assert.Contains($"{key}: cannot listen on 127.0.0.1:{holder.Port}: address already in use", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_of_another_machine_is_named_with_its_key_and_reason()
    {
        // 192.0.2.0/24 is for documentation (RFC 5737 §3): no machine has it.
        string file = WriteConfiguration(Endpoints(FreePort.Reserve(), FreePort.Reserve())
            .Replace("listen_address: 127.0.0.1", "listen_address: 192.0.2.1", StringComparison.Ordinal));

        var (exitCode, lines) = await ProductProcess.RunAsync(file);

        Assert.Equal(CannotStart, exitCode);
        string line = Assert.Single(lines);
        Assert.Contains("listen_address: cannot listen on 192.0.2.1:", line, StringComparison.Ordinal);
        Assert.Contains("this machine has no such address", line, StringComparison.Ordinal);
    }
}
