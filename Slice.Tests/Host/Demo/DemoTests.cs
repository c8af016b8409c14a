using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Slice.Host;
using Slice.Host.Demo;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Demo;

/// <summary><c>pingora-slice demo</c>: what it shows is what happened, and what goes wrong is said.</summary>
public sealed class DemoTests
{
    private const long MiB = 1 << 20;

    private static readonly DemoOptions s_options = new() { Once = true, SizeBytes = 4 * MiB, Latency = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task Demo_counts_what_each_download_took()
    {
        var plan = DemoPlan.Create(s_options, availableMemoryBytes: 1L << 30);
        await using var run = await DemoRun.StartAsync(plan, Composition.Compose);
        List<DemoRow> finished = [];

        var results = await Within(run.DownloadAsync(Silent(out _, out _), finished.Add, TestContext.Current.CancellationToken));

        Assert.Equal(results.All, finished);
        Assert.Equal(new DemoCounts(Slices: 4, SlicesFetched: 4, OriginRequests: 4, OriginBytes: 4 * MiB), results.Cold.Counts);
        Assert.Equal(new DemoCounts(Slices: 4, SlicesFetched: 0, OriginRequests: 0, OriginBytes: 0), results.Warm.Counts);
        Assert.Equal(new DemoCounts(Slices: 4, SlicesFetched: 4, OriginRequests: 4, OriginBytes: 4 * MiB), results.OneAtATime.Counts);
        Assert.Equal(new DemoCounts(Slices: 2, SlicesFetched: 2, OriginRequests: 2, OriginBytes: 2 * MiB), results.Boundary.Counts);
        Assert.Equal(new DemoCounts(Slices: 80, SlicesFetched: 4, OriginRequests: 4, OriginBytes: 4 * MiB), results.Crowd.Counts);
        Assert.Equal(76, results.Crowd.Counts.SlicesReused);
        Assert.Equal([4 * MiB, 4 * MiB, 4 * MiB, 2_000, 80 * MiB], results.All.Select(row => row.Bytes));
        Assert.All(results.All, row => Assert.InRange(row.FirstByte, TimeSpan.FromTicks(1), row.Time));
    }

    [Fact]
    public async Task Demo_of_the_product_prints_the_table_and_ends_well()
    {
        var (exitCode, lines) = await ProductProcess.RunAsync("demo", "--once", "--size", "4MiB", "--latency", "1ms", "--concurrency", "2");

        Assert.Equal(ExitCode.Ok, exitCode);
        AssertRow(lines, "cold, 2 slices in flight", "0 4 4 4 MiB");
        AssertRow(lines, "warm", "4 0 0 0 B");
        AssertRow(lines, "cold, one slice at a time", "0 4 4 4 MiB");
        AssertRow(lines, "cold, range across a slice boundary", "0 2 2 2 MiB");
        AssertRow(lines, "cold, 20 clients at once", "76 4 4 4 MiB");
        Assert.Contains("20 clients received 80 MiB; the origin sent 4 MiB: each byte once.", lines);
        Assert.Contains("Every one of the 92 MiB downloaded was right.", lines);
        Assert.DoesNotContain(
            lines, line => line.Contains('\r', StringComparison.Ordinal) || line.Contains('\e', StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("curl", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Demo_without_once_serves_what_its_optionss_name_until_it_is_stopped()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var console = Silent(out var output, out _);
        var running = DemoCommandRunner.RunAsync(s_options with { Once = false }, Composition.Compose, console, stopping.Token);
        await Eventually.TrueAsync(() => output.Text.Contains("Serving until Ctrl-C.", StringComparison.Ordinal), () => output.Text);

        string[] commands = [.. output.Text.Split('\n').Where(line => line.StartsWith("  curl", StringComparison.Ordinal))];
        var whole = await GetAsync(commands[0]);
        var range = await GetAsync(commands[1], "Range: bytes=2096152-2098151");
        var metrics = await GetAsync(commands[2]);
        await stopping.CancelAsync();

        Assert.Equal(ExitCode.Ok, await Within(running));
        Assert.Equal(4 * MiB, whole.BodyBytes);
        Assert.Equal("HIT", whole.Field("X-Cache"));
        Assert.Contains(" -r 2096152-2098151 ", commands[1], StringComparison.Ordinal);
        Assert.Equal("bytes 2096152-2098151/4194304", range.Field("Content-Range"));
        Assert.Equal("MISS", range.Field("X-Cache"));
        Assert.Contains("pingora_slice_requests_total", metrics.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_on_a_taken_port_names_it_and_fails()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string port = ((IPEndPoint)taken.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture);

        var (exitCode, lines) = await ProductProcess.RunAsync("demo", "--once", "--port", port);

        Assert.Equal(ExitCode.CannotStart, exitCode);
        Assert.Contains(
            $"pingora-slice: the demo cannot start: listen_address: cannot listen on 127.0.0.1:{port}: "
            + $"address already in use, by another process. Without --port {port} a free port is taken.",
            lines);
    }

    [Fact]
    public async Task Demo_stopped_during_a_download_ends_without_waiting_for_it()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var options = s_options with { Latency = DemoOptions.MaximumLatency };
        var console = Silent(out var output, out var error);
        var running = DemoCommandRunner.RunAsync(options, Composition.Compose, console, stopping.Token);
        await Eventually.TrueAsync(() => output.Text.Contains("first byte", StringComparison.Ordinal), "the table has begun");
        await stopping.CancelAsync();

        // One answer of the origin alone would take the latency of ten seconds.
        Assert.Equal(ExitCode.Interrupted, await Deadline.WithinAsync(running, "the demo ends", TimeSpan.FromSeconds(8)));
        Assert.Equal("pingora-slice: interrupted\n", error.Text);
    }

    [Fact]
    public async Task Demo_on_a_signal_during_a_download_ends()
    {
        using var process = ChildProcess.Start(
            ProductProcess.Command[0], [.. ProductProcess.Command.Skip(1), "demo", "--latency", "10s"], "Build the solution.");
        await Eventually.TrueAsync(() => process.Output.Contains("first byte", StringComparison.Ordinal), () => process.Output);

        Assert.Equal(ExitCode.Interrupted, await process.StopAsync());
        Assert.Contains("pingora-slice: interrupted", process.Lines);
    }

    [Fact]
    public async Task Progress_is_one_line_that_is_wiped_out()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var console = new DemoConsole(output, TextWriter.Null, isTerminal: true, hasColours: false);

        await using (var progress = new DemoProgress(console, "cold", 2 * MiB))
        {
            progress.Add(1 << 20);
        }

        string first = output.ToString().Split('\r')[1];
        Assert.Equal("cold: 0 B of 2 MiB", first);
        Assert.EndsWith($"\r{new string(' ', first.Length)}\r", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', output.ToString());
    }

    [Fact]
    public void Colours_are_used_only_where_allowed()
    {
        Assert.Equal("right", new DemoConsole(TextWriter.Null, TextWriter.Null, isTerminal: true, hasColours: false).Green("right"));
        Assert.Equal(
            "\e[32mright\e[0m", new DemoConsole(TextWriter.Null, TextWriter.Null, isTerminal: true, hasColours: true).Green("right"));
    }

    private static DemoConsole Silent(out WatchedWriter output, out WatchedWriter error)
    {
        (output, error) = (new WatchedWriter(), new WatchedWriter());
        return new DemoConsole(output, error, isTerminal: false, hasColours: false);
    }

    private static Task<T> Within<T>(Task<T> demo) => Deadline.WithinAsync(demo, "the demo ends");

    private static Task<RawResponse> GetAsync(string command, params string[] fields)
    {
        var uri = new Uri(command[command.IndexOf("http", StringComparison.Ordinal)..]);
        return RawClient.GetAsync(IPEndPoint.Parse(uri.Authority), uri.PathAndQuery, fields);
    }

    // Slices reused and fetched, requests and bytes at the origin: the columns that do not depend on the machine.
    private static void AssertRow(IReadOnlyList<string> lines, string name, string counts)
    {
        string row = Assert.Single(lines, line => line.StartsWith(name + "  ", StringComparison.Ordinal));
        string[] words = row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(counts, string.Join(' ', words[^5..]));
    }

    // The demo writes while the test looks.
    private sealed class WatchedWriter : TextWriter
    {
        private readonly StringBuilder _text = new();
        private readonly Lock _lock = new();

        public WatchedWriter() => NewLine = "\n";

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (_lock)
                {
                    return _text.ToString();
                }
            }
        }

        public override void Write(char value)
        {
            lock (_lock)
            {
                _text.Append(value);
            }
        }
    }
}
