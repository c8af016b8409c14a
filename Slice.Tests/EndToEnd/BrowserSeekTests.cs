using System.Globalization;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Chromium plays a media file through the product and jumps ahead in it; only what it plays is fetched from nginx.</summary>
public sealed partial class BrowserSeekTests
{
    private const int SliceBytes = 256 << 10;
    private const int Seconds = 600;
    private const int SeekSeconds = 570;
    private const int Seed = 9;
    private const int PartFirst = (3 * SliceBytes) - 2;

    // A browser on a busy machine of two cores takes seconds to start.
    private static readonly TimeSpan s_browserTime = TimeSpan.FromSeconds(90);

    // The part has a query of its own, so that it comes out of no cache of the browser's. The page tells what happened by asking for paths
    // that nginx logs. That is the one channel that needs nothing of the browser but what is under test.
    private const string Page = """
        <!DOCTYPE html><meta charset="utf-8"><title>seek</title><video id="v" preload="auto" muted></video><script>
        const v = document.getElementById('v');
        const say = text => fetch('/report/' + text);
        v.onloadedmetadata = () => { v.currentTime = {{seek}}; };
        v.onerror = () => say('error/' + v.error.code);
        v.onseeked = async () => {
            const answer = await fetch('/sound.wav?part', { headers: { Range: 'bytes={{first}}-{{last}}' } });
            const bytes = new Uint8Array(await answer.arrayBuffer());
            await say('part/' + answer.status + '/' + bytes.join('.'));
            await say('seeked/' + v.currentTime + '/' + Math.round(v.duration));
        };
        v.src = '/sound.wav';
        </script>
        """;

    [Fact]
    [Trait("Behaviour", "B2")]
    public async Task Video_element_that_seeks_gets_206_and_costs_the_origin_only_the_slices_it_touches()
    {
        using var served = new TestDirectory("www");
        using var log = new TestDirectory("browser");
        long lengthBytes = WaveFile.Write(served.Combine("sound.wav"), Seconds, Seed);
        await File.WriteAllTextAsync(served.Combine("page.html"), FillPage(), TestContext.Current.CancellationToken);
        await using var origin = await NginxServer.StartStaticAsync(
            served.Path, "types { text/html html; audio/wav wav; } location /report/ { add_header Cache-Control no-store; return 204; }");
        await using var product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            slice_size: {{{SliceBytes}}}
            slice_patterns: ["^/"]
            """);

        string netLog = log.Combine("net.json");
        using (ChildProcess browser = StartBrowser($"http://{product.EndPoint}/page.html", log.Combine("profile"), netLog))
        {
            await Eventually.TrueAsync(
                () => browser.HasExited || Reports(origin).Any(report =>
                    report.StartsWith("seeked", StringComparison.Ordinal) || report.StartsWith("error", StringComparison.Ordinal)),
                () => $"the page reports a seek, not {string.Join(' ', Reports(origin))}; "
                    + $"nginx saw:\n{string.Join('\n', origin.ReadAccessLog())}\nbrowser:\n{browser.Output}",
                s_browserTime);
            await browser.StopAsync(s_browserTime);
        }

        string part = string.Join('.', TestContent.Bytes(PartFirst, 4, Seed));
        Assert.Equal([$"part/206/{part}", $"seeked/{SeekSeconds}/{Seconds}"], Reports(origin));
        AssertBrowserGotParts(await File.ReadAllTextAsync(netLog, TestContext.Current.CancellationToken), lengthBytes);
        await Eventually.TrueAsync(
            () => SlicesAskedFor(origin).Contains(SeekPosition / SliceBytes), "the slice of the new position is in nginx's log");
        AssertOnlyTouchedSlicesWereAskedFor(origin, lengthBytes, await GivenUpAsync(product));
    }

    // Chromium's own log of its network has the heads it received.
    private static void AssertBrowserGotParts(string netLog, long lengthBytes)
    {
        Assert.Contains("HTTP/1.1 206", netLog, StringComparison.Ordinal);
        long[] starts = [.. ContentRange().Matches(netLog)
            .Where(match => match.Groups[2].Value == lengthBytes.ToString(CultureInfo.InvariantCulture))
            .Select(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.Contains(0, starts);
        Assert.Contains(starts, start => start > lengthBytes / 2 && start <= SeekPosition);
    }

    private static void AssertOnlyTouchedSlicesWereAskedFor(NginxServer origin, long lengthBytes, int givenUp)
    {
        long[] asked = SlicesAskedFor(origin);
        long[] slices = [.. asked.Distinct()];
        Assert.InRange(asked.Length - slices.Length, 0, givenUp);
        Assert.Contains(0, slices);

        // How far a browser reads ahead is its own affair; that it does not read everything is why it asks for ranges.
        Assert.InRange(slices.Length, 2, lengthBytes / SliceBytes / 2);
    }

    // Where the browser leaves before nginx has answered, the slice is given up (B54). Of no other one nginx is asked again.
    private static async Task<int> GivenUpAsync(ProductProcess product) =>
        (int)(await product.MetricAsync("subrequests_total") - await product.MetricAsync("retried_subrequests_total")
            - await product.MetricAsync("completed_subrequests_total") - await product.MetricAsync("failed_subrequests_total"));

    private static long SeekPosition => WaveFile.HeaderBytes + ((long)SeekSeconds * WaveFile.BytesPerSecond);

    private static long[] SlicesAskedFor(NginxServer origin) =>
    [
        .. origin.ReadAccessLog().Where(request => request.Target == "/sound.wav").Select(request =>
        {
            Assert.Equal(206, request.Status);
            return SliceOf(request.Range);
        }),
    ];

    private static long SliceOf(string range)
    {
        long first = long.Parse(
            range.AsSpan("bytes=".Length, range.IndexOf('-', StringComparison.Ordinal) - "bytes=".Length), CultureInfo.InvariantCulture);
        Assert.Equal(0, first % SliceBytes);
        return first / SliceBytes;
    }

    private static string[] Reports(NginxServer origin) =>
    [
        .. origin.ReadAccessLog()
            .Where(request => request.Target.StartsWith("/report/", StringComparison.Ordinal))
            .Select(request => request.Target["/report/".Length..]),
    ];

    private static string FillPage() => Page
        .Replace("{{seek}}", SeekSeconds.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{{first}}", PartFirst.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{{last}}", (PartFirst + 3).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    // Everything that would make the browser talk to anybody else is off; a container has neither a sandbox nor much of /dev/shm.
    private static ChildProcess StartBrowser(string url, string profile, string netLog) => ChildProcess.Start(
        "chromium",
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
            $"--user-data-dir={profile}",
            $"--log-net-log={netLog}",
            url,
        ],
        "Install Debian's package 'chromium': apt-get install chromium");

    [GeneratedRegex(@"Content-Range: bytes (\d+)-\d+/(\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex ContentRange();
}
