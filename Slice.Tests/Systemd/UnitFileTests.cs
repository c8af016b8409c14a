using System.Globalization;
using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Tests.Support;

namespace Slice.Tests.Systemd;

/// <summary>What the units promise agrees with the defaults of the configuration and with the command line.</summary>
public sealed class UnitFileTests
{
    private const string Single = "systemd/pingora-slice.service";
    private const string Template = "systemd/pingora-slice@.service";

    public static TheoryData<string> Services => [Single, Template];

    private static string[] Values(string unit, string key) =>
    [
        .. Repository.Read(unit).Split('\n')
            .Where(line => line.StartsWith(key + "=", StringComparison.Ordinal))
            .Select(line => line[(key.Length + 1)..]),
    ];

    private static RunCommand Start(string unit)
    {
        string[] words = Assert.Single(Values(unit, "ExecStart")).Replace("%i", "8081", StringComparison.Ordinal).Split(' ');
        Assert.Equal("/opt/pingora-slice/pingora-slice", words[0]);
        return Assert.IsType<RunCommand>(CommandLineParser.Parse(words[1..]));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Reload_checks_what_the_start_runs_before_it_signals(string unit)
    {
        string start = Assert.Single(Values(unit, "ExecStart"));
        Assert.Equal([$"/bin/sh -c 'exec {start} --check-config >/dev/null'", "/bin/kill -HUP $MAINPID"], Values(unit, "ExecReload"));
    }

    [Theory]
    [InlineData(Single, 0)]
    [InlineData(Template, 7)]
    [Trait("Behaviour", "B67")]
    public void Delay_is_what_the_balancer_needs_and_the_manager_waits_longer_than_the_whole_stop(string unit, int delaySeconds)
    {
        var delay = Start(unit).Configuration.DrainDelay ?? new TimeoutOptions().DrainDelay;
        Assert.Equal(TimeSpan.FromSeconds(delaySeconds), delay);
        string stop = Assert.Single(Values(unit, "TimeoutStopSec"));
        Assert.True(DurationText.TryParse(stop, out TimeSpan limit));
        Assert.InRange(limit, delay + new TimeoutOptions().Shutdown + TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Manager_is_notified_and_watches(string unit)
    {
        Assert.Equal(["notify"], Values(unit, "Type"));
        Assert.Equal(["main"], Values(unit, "NotifyAccess"));
        Assert.Equal(["30s"], Values(unit, "WatchdogSec"));

        // The environment would keep log_level from being reloaded.
        Assert.DoesNotContain("SLICE_LOG", Repository.Read(unit), StringComparison.Ordinal);
    }

    // systemctl status names the pages, and systemctl help shows them.
    [Theory]
    [InlineData(Single)]
    [InlineData(Template)]
    [InlineData("systemd/pingora-slice.socket")]
    [InlineData("systemd/pingora-slice@.socket")]
    public void Documentation_is_pages_that_are_shipped(string unit) => Assert.All(
        Assert.Single(Values(unit, "Documentation")).Split(' '),
        page =>
        {
            string[] parts = page.Split(':', '(', ')');
            Assert.Equal("man", parts[0]);
            Assert.True(File.Exists(Path.Combine(Repository.Root, "systemd/man", $"{parts[1]}.{parts[2]}")), page);
        });

    [Fact]
    public void Sockets_are_the_addresses_that_are_the_default()
    {
        var defaults = new SliceOptions();
        Assert.Equal(
            [defaults.ListenAddress, defaults.MetricsEndpoint.Address], Values("systemd/pingora-slice.socket", "ListenStream"));
        string port = 8081.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(port, Start(Template).Configuration.Port!.Value.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(["0.0.0.0:%i"], Values("systemd/pingora-slice@.socket", "ListenStream"));
        Assert.Equal(["proxy"], Values("systemd/pingora-slice@.socket", "FileDescriptorName"));
    }
}
