using System.Globalization;
using System.Text.Json.Nodes;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Chromium looks at the status page with traffic behind it: it complains of nothing, numbers move, search and purge work, and hostile
/// names are text. Pictures of the page are left in TestResults for people to look at.
/// </summary>
public sealed class StatusPageBrowserTests
{
    private const int SliceBytes = 64 << 10;
    private const int Slices = 40;
    private const int StoredSlices = 14;
    private const string Token = "a-secret-token";

    // Targets cannot have more than this in them; what an origin sends is found in lines of the log as it is.
    private const string Hostile = "/%3Cscript%3Edocument.title='owned'%3C/script%3E&lt;img`${1}`.bin";
    private const string HostileLine = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Page_shows_live_traffic_and_purges_without_a_complaint_of_the_browser()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        await FillAsync(proxy);
        using var download = await BeginDownloadAsync(proxy, "/releases/debian-13.2.0-amd64-netinst.iso");
        using var stopping = new CancellationTokenSource();
        var traffic = MakeTrafficAsync(proxy, stopping.Token);
        await using var browser = await Browser.StartAsync();

        await browser.ShowAsAsync(1280, 900, isDark: false);
        await browser.OpenAsync($"http://{proxy.AdminEndPoint}/");
        await browser.TrueAsync("document.getElementById('state')?.textContent === 'healthy'", "the page is live");
        await NumbersMoveAsync(browser);
        await DownloadIsDrawnAsync(browser);
        await ErrorsAreShownAsync(browser);
        await ConfigurationHidesSecretsAsync(browser);
        await SearchAndPurgeAsync(browser, proxy);
        await HostileNameIsTextAsync(browser);
        await TakePicturesAsync(browser);

        // The answer to the purge without a token, of which the page has told in words.
        string complaint = Assert.Single(browser.Complaints);
        Assert.Contains("/api/purge", complaint, StringComparison.Ordinal);
        Assert.Contains("401", complaint, StringComparison.Ordinal);

        await stopping.CancelAsync();
        await traffic;
        _gate.SetResult();
    }

    [Fact]
    public async Task Page_says_that_the_instance_is_gone()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        await using var browser = await Browser.StartAsync();
        await browser.OpenAsync($"http://{proxy.AdminEndPoint}/");
        await browser.TrueAsync("document.getElementById('state')?.textContent === 'healthy'", "the page is live");

        // Also that an open page does not hold up the stop: the grace of the metrics port is two seconds.
        await Deadline.WithinAsync(proxy.Instance.StopAsync(), "the instance stops");

        await browser.TrueAsync("!document.getElementById('lost').hidden", "the page says that the connection is lost");
        Assert.Equal("not reached", (await browser.EvaluateAsync("document.getElementById('state').textContent"))!.GetValue<string>());
    }

    private static Task<ProxyUnderTest> StartAsync(Uri origin) => ProxyUnderTest.StartAsync(origin, SliceBytes, options => options with
    {
        MaxConcurrentSubrequests = 4,
        MaxRetries = 0,
        Purge = options.Purge with { AuthToken = Token },
        Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },
    });

    // The rest of the image waits at the gate, so that slices are in all three states for as long as the test likes.
    private async Task AnswerAsync(OriginExchange exchange)
    {
        string target = exchange.Request.Target;
        if (target.StartsWith("/broken", StringComparison.Ordinal))
        {
            await exchange.RespondAsync("502 Bad Gateway", "broken");
            return;
        }

        if (target == "/odd")
        {
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\n{HostileLine}\r\nContent-Length: 0\r\n\r\n");
            return;
        }

        var file = new RangeFile((long)Slices * SliceBytes) { Fault = FaultOf };
        await file.AnswerAsync(exchange);
    }

    private RangeFault? FaultOf(OriginExchange exchange)
    {
        string range = exchange.Request.Field("Range") ?? "bytes=0-";
        long start = long.Parse(range["bytes=".Length..range.IndexOf('-', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
        return exchange.Request.Target.EndsWith(".iso", StringComparison.Ordinal) && start >= StoredSlices * SliceBytes
            ? new RangeFault { PauseAfterBytes = SliceBytes / 2, BodyGate = _gate.Task }
            : null;
    }

    private static async Task FillAsync(ProxyUnderTest proxy)
    {
        string[] names = ["/releases/debian-13.2.0-amd64-netinst.iso", "/releases/SHA256SUMS", "/videos/2026/opening.mp4", Hostile];
        foreach (string name in names)
        {
            Assert.Equal(206, (await proxy.GetAsync(name, $"Range: bytes=0-{(StoredSlices * SliceBytes) - 1}")).StatusCode);
        }
    }

    private static async Task<RawClient> BeginDownloadAsync(ProxyUnderTest proxy, string target)
    {
        var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", target));
        Assert.Equal(200, (await client.ReadHeadAsync()).StatusCode);
        await client.ReadBytesAsync(StoredSlices * SliceBytes);
        return client;
    }

    // Hits, now and then a miss and an error, until the test has seen enough.
    private static async Task MakeTrafficAsync(ProxyUnderTest proxy, CancellationToken ct)
    {
        for (int round = 0; !ct.IsCancellationRequested; round++)
        {
            for (int hit = 0; hit < 2 + (round % 7); hit++)
            {
                await proxy.GetAsync("/videos/2026/opening.mp4", $"Range: bytes=0-{(StoredSlices * SliceBytes) - 1}");
            }

            if (round % 3 == 0)
            {
                // One slice: whole files would in a few seconds have pushed out of the store what the download is drawn with.
                await proxy.GetAsync($"/packages/pool/{round}.deb", $"Range: bytes=0-{SliceBytes - 1}");
            }

            if (round % 20 == 0)
            {
                await proxy.GetAsync($"/broken/{round}");
                using var client = await RawClient.ConnectAsync(proxy.EndPoint);
                await client.SendAsync(RawClient.Request("DELETE", "/odd"));
                await client.ReadResponseAsync();
            }

            // The pace of the traffic; nothing waits for it.
            await Task.Delay(TimeSpan.FromMilliseconds(40), CancellationToken.None);
        }
    }

    private static async Task NumbersMoveAsync(Browser browser)
    {
        await browser.TrueAsync("/[1-9]/.test(document.getElementById('to-clients').textContent)", "bytes go to clients");
        string first = await TextOfAsync(browser, "to-clients");
        await browser.TrueAsync(
            $"document.getElementById('to-clients').textContent !== {JsonValue.Create(first).ToJsonString()}", "the number moves");
        await browser.TrueAsync("/[1-9]/.test(document.getElementById('from-origin').textContent)", "bytes come from the origin");
        await browser.TrueAsync("/%/.test(document.getElementById('hit-ratio').textContent)", "there is a hit ratio");
        await browser.TrueAsync("document.getElementById('chart-client').getAttribute('d').length > 30", "the chart is drawn");
        await browser.TrueAsync("/went to clients/.test(document.getElementById('chart-summary').textContent)", "the chart is told");
        await browser.TrueAsync("document.getElementById('announce').textContent.length > 0", "a screen reader hears of it");
        await browser.EvaluateAsync("document.querySelector('#traffic details').open = true");
        await browser.TrueAsync("document.querySelectorAll('#traffic-rows tr').length > 0", "the table has rows");
        await browser.EvaluateAsync("document.querySelector('#traffic details').open = false");
    }

    private static async Task DownloadIsDrawnAsync(Browser browser)
    {
        await browser.TrueAsync(
            "[...document.querySelectorAll('.downloads li')].some(card => /netinst/.test(card.textContent))", "the download is listed");
        string states = (await browser.EvaluateAsync("""
            [...[...document.querySelectorAll('.downloads li')].find(card => /netinst/.test(card.textContent)).querySelectorAll('.cell')]
                .map(cell => cell.className.slice(-1)).join('')
            """))!.GetValue<string>();
        Assert.Equal(new string('h', StoredSlices) + new string('a', 2) + new string('w', Slices - StoredSlices - 2), states);
    }

    private static async Task ErrorsAreShownAsync(Browser browser)
    {
        await browser.TrueAsync("/origin_error/.test(document.getElementById('error-rows').textContent)", "the broken answer is shown");
        await browser.TrueAsync("/<img src=x/.test(document.getElementById('error-rows').textContent)", "the odd line is text");
        await browser.TrueAsync("/healthy/.test(document.getElementById('origin-rows').textContent)", "the origin is shown");
        await browser.TrueAsync("/ms/.test(document.getElementById('origin-rows').textContent)", "with its latency");
    }

    private static async Task ConfigurationHidesSecretsAsync(Browser browser)
    {
        await browser.TrueAsync("/purge.auth_token/.test(document.getElementById('key-rows').textContent)", "the keys are shown");
        Assert.Contains("(redacted)", await TextOfAsync(browser, "key-rows"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Token, (await browser.EvaluateAsync("document.documentElement.outerHTML"))!.GetValue<string>(), StringComparison.Ordinal);
    }

    // With the keyboard only, from the search field to the purge.
    private static async Task SearchAndPurgeAsync(Browser browser, ProxyUnderTest proxy)
    {
        await browser.EvaluateAsync("document.getElementById('q').focus()");
        await browser.TypeAsync("SHA256");
        await browser.PressAsync("Enter", 13);
        await browser.TrueAsync("document.querySelectorAll('#object-rows tr').length === 1", "one object is found");
        await browser.EvaluateAsync("document.querySelector('#object-rows button').focus()");
        await browser.PressAsync("Enter", 13);
        await browser.TrueAsync("document.getElementById('purge').open", "the page asks");
        await browser.EvaluateAsync("document.getElementById('token').focus()");
        await browser.PressAsync("Enter", 13);
        await browser.TrueAsync("/token/.test(document.getElementById('purge-problem').textContent)", "without the token it is refused");
        Assert.True(proxy.Composition.Index.Contains("/releases/SHA256SUMS"u8));
        await browser.TypeAsync(Token);
        await browser.PressAsync("Enter", 13);
        await browser.TrueAsync("/purged/.test(document.getElementById('found').textContent)", "it is purged");
        Assert.False(proxy.Composition.Index.Contains("/releases/SHA256SUMS"u8));
    }

    private static async Task HostileNameIsTextAsync(Browser browser)
    {
        await browser.EvaluateAsync(
            "document.getElementById('q').value = 'script'; document.getElementById('search').requestSubmit()");
        await browser.TrueAsync("document.querySelectorAll('#object-rows tr').length === 1", "the hostile name is found");
        Assert.Contains("script", await TextOfAsync(browser, "object-rows"), StringComparison.Ordinal);
        Assert.Equal(0, (await browser.EvaluateAsync("document.querySelectorAll('main script, main img').length"))!.GetValue<int>());
        Assert.Equal("pingora-slice", (await browser.EvaluateAsync("document.title"))!.GetValue<string>());
        await browser.EvaluateAsync("document.getElementById('q').value = '/'; document.getElementById('search').requestSubmit()");
        await browser.TrueAsync("document.querySelectorAll('#object-rows tr').length > 2", "all are found");
    }

    private static async Task TakePicturesAsync(Browser browser)
    {
        string directory = Path.Combine(Repository.Root, "TestResults", "status-page");
        Directory.CreateDirectory(directory);
        foreach (var (name, width, height, isDark) in new[]
        {
            ("light", 1280, 900, false), ("dark", 1280, 900, true), ("phone-light", 360, 740, false), ("phone-dark", 360, 740, true),
        })
        {
            await browser.ShowAsAsync(width, height, isDark);
            await browser.TrueAsync($"innerWidth === {width}", "the page has the new size");
            Assert.True(
                (await browser.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!.GetValue<bool>(),
                $"{name} is wider than its window");
            await File.WriteAllBytesAsync(
                Path.Combine(directory, $"{name}.png"), await browser.TakePictureAsync(), TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string> TextOfAsync(Browser browser, string id) =>
        (await browser.EvaluateAsync($"document.getElementById('{id}').textContent"))!.GetValue<string>();
}
