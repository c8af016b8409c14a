using System.Globalization;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A reload reaches the next request, and no request lives under two configurations (B68).</summary>
public sealed class LiveSettingsTests
{
    private const int SigHup = 1;

    private static readonly RangeFile s_oldFile = new(8192, seed: 1);
    private static readonly RangeFile s_newFile = new(8192, seed: 2);
    private static readonly byte[] s_oldBytes = TestContent.Bytes(3000, 1000, seed: 1);
    private static readonly byte[] s_newBytes = TestContent.Bytes(3000, 1000, seed: 2);

    // Each answer shows two settings that are used at different points of a request: both are of one set, or both of the other.
    [Fact]
    [Trait("Behaviour", "B49")]
    public async Task Reload_under_ten_thousand_requests_costs_none_and_none_lives_under_two_settings()
    {
        const int Clients = 16;
        const int RequestsEach = 625;
        await using var origin = ScriptedOrigin.Start(TellSettingsAsync);
        await using var product = await ProductProcess.StartAsync(
            $$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            forward_host: false
            forwarded: false
            limits:
              max_ranges: 1
            """);
        await product.LineAsync("event=listening");
        int answered = 0;
        var clients = Enumerable.Range(0, Clients).Select(async number =>
        {
            var answers = new List<(string Kind, string Settings)>();
            using var client = await RawClient.ConnectAsync(product.EndPoint);
            for (int request = 0; request < RequestsEach; request++)
            {
                answers.Add(request % 2 == 0
                    ? ("POST", await PostAsync(client))
                    : await GetAsync(client, request % 4 == 1 ? $"/again/{request % 8}" : $"/once/{number}/{request}"));
                Interlocked.Increment(ref answered);
            }

            return answers;
        }).ToArray();

        await Eventually.TrueAsync(() => Volatile.Read(ref answered) > Clients * RequestsEach / 4, () => $"{answered} answers");
        string file = Path.Combine(product.DirectoryPath, "pingora_slice.yaml");
        string yaml = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        yaml = yaml.Replace("false", "true", StringComparison.Ordinal).Replace("max_ranges: 1", "max_ranges: 2", StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, yaml, TestContext.Current.CancellationToken);
        product.Signal(SigHup);

        var all = (await Task.WhenAll(clients)).SelectMany(answers => answers).ToArray();
        Assert.Equal(Clients * RequestsEach, all.Length);
        Assert.Equal(
            [("HIT", "new"), ("HIT", "old"), ("MISS", "new"), ("MISS", "old"), ("POST", "new"), ("POST", "old")], all.Distinct().Order());
        foreach (var answers in clients.Select(client => client.Result))
        {
            // One connection's requests come one after the other: once under the new settings, always.
            Assert.DoesNotContain("old", answers.Select(answer => answer.Settings).SkipWhile(settings => settings == "old"));
        }

        Assert.Equal(0, await product.StopAsync());
    }

    [Fact]
    public async Task Idle_connection_takes_the_new_settings_with_its_next_request()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("GET /long-target HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        Reload(proxy, options => options with { Limits = options.Limits with { RequestTargetBytes = 4 } });

        await client.SendAsync("GET /long-target HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(414, (await client.ReadResponseAsync()).StatusCode);
    }

    [Fact]
    public async Task Request_under_way_keeps_the_settings_that_it_began_with()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(32);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await gate.Task;
            await file.AnswerAsync(exchange);
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);
        var underWay = proxy.GetAsync("/file");
        await origin.RequestsArrivedAsync(1);

        Reload(proxy, options => options with { SliceSizeBytes = 16, MaxConcurrentSubrequests = 1 });
        gate.SetResult();

        Assert.Equal(32, (await underWay).BodyBytes);
        Assert.Equal(4, origin.RequestCount);
        await proxy.GetAsync("/other");
        Assert.Equal(4 + 2, origin.RequestCount);
    }

    [Fact]
    public async Task Addresses_limits_and_lifetimes_change_for_the_next_request()
    {
        await using var first = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "first", "ETag: \"a\""));
        await using var second = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "second", "ETag: \"b\""));
        await using var proxy = await ProxyUnderTest.StartAsync(
            first.Uri, sliceSizeBytes: 8, options => options with { CacheTtl = TimeSpan.Zero, SlicePatterns = ["^/"] });
        Assert.Equal("first", (await proxy.GetAsync("/file")).BodyText);

        Reload(
            proxy, options => options with { UpstreamAddresses = [second.Uri], CacheTtl = TimeSpan.FromMinutes(1), HealthPath = "/alive" });

        Assert.Equal("second", (await proxy.GetAsync("/file")).BodyText);
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal(200, (await proxy.GetAsync("/alive")).StatusCode);
        Assert.Equal("second", (await proxy.GetAsync("/health")).BodyText);
        Assert.Contains(
            $"pingora_slice_origin_healthy{{address=\"http://{second.Authority}\"}} 1",
            (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText,
            StringComparison.Ordinal);
    }

    // What a POST gets tells the fields that it came with; what a GET gets is one file under the client's host, and another one otherwise.
    private static Task TellSettingsAsync(OriginExchange exchange)
    {
        bool hasClientsHost = exchange.Request.Field("Host") == "client.example";
        bool hasForwarded = exchange.Request.Field("Forwarded") is not null;
        return exchange.Request.Method == "GET"
            ? (hasClientsHost ? s_newFile : s_oldFile).AnswerAsync(exchange)
            : exchange.RespondAsync("200 OK", string.Create(CultureInfo.InvariantCulture, $"{hasClientsHost} {hasForwarded}"));
    }

    private static async Task<string> PostAsync(RawClient client)
    {
        await client.SendAsync("POST /x HTTP/1.1\r\nHost: client.example\r\nContent-Length: 2\r\n\r\nhi");
        var response = await client.ReadResponseAsync("POST");
        Assert.Equal(200, response.StatusCode);
        return response.BodyText switch { "False False" => "old", "True True" => "new", var both => both };
    }

    // One range more than the old settings allow: the whole file under these, parts of the file under the new ones. The file itself
    // tells the settings that the key was made by, and on a miss those of the fetch.
    private static async Task<(string Kind, string Settings)> GetAsync(RawClient client, string target)
    {
        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: client.example\r\nRange: bytes=0-999,3000-3999\r\n\r\n");
        var response = await client.ReadResponseAsync();
        bool isOldFile = response.Body.AsSpan().IndexOf(s_oldBytes) >= 0;
        bool isNewFile = response.Body.AsSpan().IndexOf(s_newBytes) >= 0;
        return (response.Field("X-Cache")!, (response.StatusCode, isOldFile, isNewFile) switch
        {
            (200, true, false) => "old",
            (206, false, true) => "new",
            var other => $"{other}",
        });
    }

    private static void Reload(ProxyUnderTest proxy, Func<SliceOptions, SliceOptions> change) =>
        proxy.Composition.ApplySettings(change(proxy.Composition.Settings.Current.Options));
}
