using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary><c>--check-config</c>: what it prints, and where.</summary>
public sealed class ConfigurationCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new("check");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Check_prints_the_effective_configuration_and_says_ok()
    {
        var (exitCode, output, error) = Run("upstream_address: a.example\n");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("slice_size: 1MiB\n", output, StringComparison.Ordinal);
        Assert.EndsWith("# configuration ok\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_prints_every_error_to_standard_error_and_fails()
    {
        var (exitCode, output, error) = Run("slice_size: 1\nmax_retries: 99\n");
        Assert.Equal((78, ""), (exitCode, output));
        Assert.Equal(3, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private (int ExitCode, string Output, string Error) Run(string yaml)
    {
        string path = _directory.Combine("f.yaml");
        File.WriteAllText(path, yaml);
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (
            ConfigurationCheck.Run(new ConfigurationRequest { Files = [path] }, _ => null, output, error),
            output.ToString(),
            error.ToString());
    }
}
