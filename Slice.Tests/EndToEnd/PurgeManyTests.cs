using System.Globalization;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>PURGE of many objects at once: under a prefix, with a tag, all; hard and soft; and while answers are on their way.</summary>
public sealed class PurgeManyTests
{
    private const string Token = "s3cret-token";

    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=3600"] };

    [Theory]
    [InlineData("/a/")]
    [InlineData("/a/*")]
    [InlineData("/x/../%61/")]
    public async Task Prefix_takes_what_is_under_it_and_nothing_else(string prefix)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await GetAllAsync(proxy, "/a/1", "/a/2?q=1", "/a/b/3", "/b", "/ab");

        var purged = await proxy.PurgeAsync(prefix, "X-Purge-Pattern: prefix");

        AssertAnswer(purged, 200, purgedCount: 12, "purged: 3 objects, with 12 slices");
        Assert.Equal(["MISS", "MISS", "MISS", "HIT", "HIT"], await GetAllAsync(proxy, "/a/1", "/a/2?q=1", "/a/b/3", "/b", "/ab"));
        Assert.Equal(12, await proxy.MetricAsync("purge_items_total"));
    }

    // The habit of other caches. The asterisk stays a character: an object may have it in its name.
    [Theory]
    [InlineData("/a/*")]
    [InlineData("/*")]
    public async Task Asterisk_without_fields_is_told_which_field_is_meant(string target)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a/1");

        AssertAnswer(
            await proxy.PurgeAsync(target), 404, purgedCount: 0,
            "nothing is stored under this URL; an asterisk is a character like any other: all under a prefix takes "
                + "X-Purge-Pattern: prefix (purge --prefix), everything takes PURGE /* with X-Purge-All: true (purge --all)");

        await proxy.GetAsync(target);
        AssertAnswer(await proxy.PurgeAsync(target), 200, purgedCount: 4, "purged, with 4 slices");
    }

    [Fact]
    public async Task All_takes_everything()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await GetAllAsync(proxy, "/a", "/b?q");

        AssertAnswer(await proxy.PurgeAsync("/*", "X-Purge-All: true"), 200, purgedCount: 8, "purged: 2 objects, with 8 slices");

        Assert.Equal(["MISS", "MISS"], await GetAllAsync(proxy, "/a", "/b?q"));
    }

    [Theory]
    [InlineData("Cache-Tag: one, two", "two")]
    [InlineData("Cache-Tag: one, two", "none,TWO")]
    [InlineData("Surrogate-Key: one two", "two")]
    [InlineData("Surrogate-Key: one\r\nSurrogate-Key: two", "one")]
    [InlineData("Cache-Tag: one\r\nSurrogate-Key: two", "one")]
    [InlineData("Cache-Tag: one\r\nSurrogate-Key: two", "two\r\nX-Purge-Tag: three")]
    public async Task Tag_takes_the_objects_that_have_it(string fields, string tags)
    {
        var other = new RangeFile(16) { ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: on, tw, onetwo"] };
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Target == "/other" ? other.AnswerAsync(exchange) : _file.AnswerAsync(exchange));
        _file.ExtraFields = ["Cache-Control: max-age=3600", .. fields.Split("\r\n")];
        await using var proxy = await StartAsync(origin);
        await GetAllAsync(proxy, "/a", "/b", "/other");

        var purged = await proxy.PurgeAsync("/", $"X-Purge-Tag: {tags}");

        AssertAnswer(purged, 200, purgedCount: 8, "purged: 2 objects, with 8 slices");
        Assert.Equal(["MISS", "MISS", "HIT"], await GetAllAsync(proxy, "/a", "/b", "/other"));
    }

    [Fact]
    public async Task Surrogate_key_ends_here_and_cache_tag_goes_on()
    {
        _file.ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: one", "Surrogate-Key: two", "Surrogate-Control: max-age=5"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var passedOn = await proxy.GetAsync("/a", "Cache-Control: no-store", "Authorization: Basic eDp5");
        Assert.All(
            [await proxy.GetAsync("/a"), await proxy.GetAsync("/a"), passedOn],
            response => Assert.Equal(
                ("one", null, "max-age=5"),
                (response.Field("Cache-Tag"), response.Field("Surrogate-Key"), response.Field("Surrogate-Control"))));
    }

    [Fact]
    public async Task Validation_may_change_the_tags()
    {
        _file.ExtraFields = ["Cache-Control: max-age=3600", "Surrogate-Key: before", "Cache-Tag: stays"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a");
        _file.ExtraFields = ["Cache-Control: max-age=3600", "Surrogate-Key: after"];
        await proxy.GetAsync("/a", "Cache-Control: no-cache");

        Assert.Equal(404, (await proxy.PurgeAsync("/", "X-Purge-Tag: before")).StatusCode);
        Assert.Equal(200, (await proxy.PurgeAsync("/", "X-Purge-Tag: stays", "X-Purge-Soft: 1")).StatusCode);
        Assert.Equal(200, (await proxy.PurgeAsync("/", "X-Purge-Tag: after")).StatusCode);
    }

    [Fact]
    public async Task Object_with_too_many_tags_goes_with_any_tag_and_is_told()
    {
        string tags = string.Join(
            ' ', Enumerable.Range(0, 300).Select(number => string.Create(CultureInfo.InvariantCulture, $"t{number}")));
        _file.ExtraFields = ["Cache-Control: max-age=3600", $"Surrogate-Key: {tags}"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await GetAllAsync(proxy, "/a", "/b");

        Assert.Single(proxy.Log, line => line.Contains("more tags than are kept", StringComparison.Ordinal));
        Assert.Equal(2, await proxy.MetricAsync("purge_tags_cut_total"));
        AssertAnswer(await proxy.PurgeAsync("/", "X-Purge-Tag: unheard-of"), 200, 8, "purged: 2 objects, with 8 slices");
    }

    [Theory]
    [InlineData("/file")]
    [InlineData("/", "X-Purge-Pattern: prefix")]
    [InlineData("/", "X-Purge-Tag: one")]
    [InlineData("/*", "X-Purge-All: true")]
    public async Task Soft_purge_is_followed_by_a_validation_and_no_more(string target, params string[] fields)
    {
        _file.ExtraFields = ["Cache-Control: max-age=3600, stale-while-revalidate=3600", "Cache-Tag: one"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int requests = origin.RequestCount;

        var purged = await proxy.PurgeAsync(target, ["X-Purge-Soft: 1", .. fields]);
        var next = await proxy.GetAsync("/file", "Cache-Control: max-stale=9999");
        var last = await proxy.GetAsync("/file");

        Assert.Equal(200, purged.StatusCode);
        Assert.Contains("stale from now on", purged.BodyText, StringComparison.Ordinal);
        Assert.Equal(4, PurgeAnswer.Read(purged, 200).Count);
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), next.Body);
        Assert.Contains("detail=purged", next.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal(requests + 1, origin.RequestCount);
        Assert.NotNull(origin.Requests[^1].Field("If-None-Match"));
        Assert.Equal("HIT", last.Field("X-Cache"));
    }

    [Fact]
    public async Task Soft_purge_finds_a_changed_object()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _file.ChangeTo(seed: 2);
        await proxy.PurgeAsync("/*", "X-Purge-All: 1", "X-Purge-Soft: true");
        Assert.Equal(TestContent.Bytes(0, 16, seed: 2), (await proxy.GetAsync("/file")).Body);
    }

    [Fact]
    public async Task What_was_purged_softly_stands_in_for_a_failing_origin()
    {
        _file.ExtraFields = ["Cache-Control: max-age=3600, stale-if-error=3600"];
        bool isDown = false;
        await using var origin = ScriptedOrigin.Start(
            exchange => isDown ? exchange.RespondAsync("503 Service Unavailable") : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        await proxy.PurgeAsync("/file", "X-Purge-Soft: 1");
        isDown = true;

        var stale = await proxy.GetAsync("/file");
        Assert.Equal((200, "STALE"), (stale.StatusCode, stale.Field("X-Cache")));

        await proxy.PurgeAsync("/file");
        Assert.Equal(503, (await proxy.GetAsync("/file")).StatusCode);
    }

    [Theory]
    [InlineData("/b/", "nothing is stored under this prefix", "X-Purge-Pattern: prefix")]
    [InlineData("/", "nothing that is stored has such a tag", "X-Purge-Tag: one")]
    [InlineData("/nothing", "nothing is stored under this URL", "X-Purge-Soft: 1")]
    public async Task Purge_of_nothing_is_404(string target, string message, string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        AssertAnswer(await proxy.PurgeAsync(target, field), 404, purgedCount: 0, message);
        Assert.Equal(["HIT"], await GetAllAsync(proxy, "/file"));
    }

    [Theory]
    [InlineData("/file", "X-Purge-Pattern: regex")]
    [InlineData("/file", "X-Purge-Pattern:")]
    [InlineData("/file", "X-Purge-Tag:")]
    [InlineData("/file", "X-Purge-Tag: ,")]
    [InlineData("/file", "X-Purge-All: true")]
    [InlineData("/", "X-Purge-All: true")]
    [InlineData("/*", "X-Purge-All: yes")]
    [InlineData("/file", "X-Purge-Soft: maybe")]
    [InlineData("/file", "X-Purge-Soft: 1", "X-Purge-Soft: 1")]
    [InlineData("/file", "X-Purge-Tags: one")]
    [InlineData("/file", "x-purge-prefix: 1")]
    [InlineData("/file", "X-Purge-Pattern: prefix", "X-Purge-Tag: one")]
    [InlineData("/*", "X-Purge-All: true", "X-Purge-Pattern: prefix")]
    public async Task Purge_that_is_not_understood_is_400_and_purges_nothing(string target, params string[] fields)
    {
        _file.ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: one"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        var refused = await proxy.PurgeAsync(target, fields);

        Assert.Equal(0, PurgeAnswer.Read(refused, 400).Count);
        Assert.Equal(["HIT"], await GetAllAsync(proxy, "/file"));
        string metrics = (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText;
        Assert.Contains("purge_requests_by_result{result=\"invalid\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(256, 404)]
    [InlineData(257, 400)]
    public async Task Purge_names_a_bounded_number_of_tags(int count, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        Assert.Equal(status, (await proxy.PurgeAsync("/", $"X-Purge-Tag: {string.Join(',', Enumerable.Range(0, count))}")).StatusCode);
    }

    [Theory]
    [InlineData("/file", "X-Purge-All: false")]
    [InlineData("/file", "X-Purge-Soft: 0")]
    public async Task Switch_that_is_off_changes_nothing(string target, string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await GetAllAsync(proxy, "/file", "/other");
        AssertAnswer(await proxy.PurgeAsync(target, field), 200, purgedCount: 4, "purged, with 4 slices");
        Assert.Equal(["MISS", "HIT"], await GetAllAsync(proxy, "/file", "/other"));
    }

    [Theory]
    [InlineData("X-Purge-Token: " + Token, 200)]
    [InlineData("X-Purge-Token: guess", 401)]
    [InlineData("A: b", 401)]
    [Trait("Behaviour", "B56")]
    public async Task Purge_of_many_wants_the_token_on_the_proxy_port(string field, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with { Purge = new PurgeOptions { AuthToken = Token } });
        await proxy.GetAsync("/file");

        foreach (string scope in (string[])["X-Purge-Pattern: prefix", "X-Purge-Tag: one", "X-Purge-All: true"])
        {
            await proxy.GetAsync("/file");
            string target = scope.StartsWith("X-Purge-All", StringComparison.Ordinal) ? "/*" : "/";
            var response = await RawClient.AskAsync(proxy.EndPoint, RawClient.Request("PURGE", target, scope, field));
            Assert.Equal(status == 200 && scope.Contains("Tag", StringComparison.Ordinal) ? 404 : status, response.StatusCode);
        }

        Assert.Equal(status == 200 ? "MISS" : "HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.DoesNotContain(Token, string.Concat(proxy.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prefix_is_of_one_host_where_hosts_are_told_apart()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with { ForwardHost = true });
        foreach (string host in (string[])["first.example", "second.example"])
        {
            await RawClient.AskAsync(proxy.EndPoint, $"GET /file HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        }

        var purged = await RawClient.AskAsync(
            proxy.AdminEndPoint, "PURGE / HTTP/1.1\r\nHost: first.example\r\nX-Purge-Pattern: prefix\r\n\r\n");

        Assert.Equal(4, PurgeAnswer.Read(purged, 200).Count);
        var all = await RawClient.AskAsync(proxy.AdminEndPoint, "PURGE /* HTTP/1.1\r\nHost: any.example\r\nX-Purge-All: true\r\n\r\n");
        Assert.Equal(4, PurgeAnswer.Read(all, 200).Count);
    }

    [Fact]
    public async Task Prefix_takes_all_variants_and_all_values_of_key_fields()
    {
        _file.ExtraFields = ["Cache-Control: public, max-age=3600", "Vary: Accept-Language"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(
            origin, options => options with { CacheKeyFields = ["X-Tenant"] });
        string[][] kinds = [["Accept-Language: de"], ["Accept-Language: fr"], ["X-Tenant: 1"], ["X-Tenant: 2"]];
        foreach (string[] fields in kinds)
        {
            await proxy.GetAsync("/file", fields);
        }

        AssertAnswer(await proxy.PurgeAsync("/f", "X-Purge-Pattern: prefix"), 200, 16, "purged: 4 objects, with 16 slices");
        foreach (string[] fields in kinds)
        {
            Assert.Equal("MISS", (await proxy.GetAsync("/file", fields)).Field("X-Cache"));
        }
    }

    [Theory]
    [InlineData("/file")]
    [InlineData("/", "X-Purge-Pattern: prefix")]
    [InlineData("/", "X-Purge-Tag: one")]
    [InlineData("/*", "X-Purge-All: true")]
    [Trait("Behaviour", "B52")]
    public async Task Download_under_way_ends_with_what_it_began_with_and_the_next_is_new(string target, params string[] fields)
    {
        var gate = new TaskCompletionSource();
        _file.ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: one"];
        _file.Fault = RangeFile.OnRequest(1, new RangeFault { PauseAfterBytes = 2, BodyGate = gate.Task });
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadHeadAsync();

        Assert.Equal(200, (await proxy.PurgeAsync(target, fields)).StatusCode);
        var next = await proxy.GetAsync("/file");
        gate.SetResult();

        Assert.Equal("MISS", next.Field("X-Cache"));
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), await client.ReadBytesAsync(16));
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    // The origin has sent the old version's head already; it is on its way when the PURGE is answered.
    [Theory]
    [InlineData("/file")]
    [InlineData("/file", "X-Purge-Soft: 1")]
    [InlineData("/f", "X-Purge-Pattern: prefix")]
    [InlineData("/", "X-Purge-Tag: one")]
    [InlineData("/", "X-Purge-Tag: one", "X-Purge-Soft: 1")]
    [InlineData("/*", "X-Purge-All: true")]
    [Trait("Behaviour", "B52")]
    public async Task Fetch_that_began_before_the_purge_is_neither_kept_nor_followed(string target, params string[] fields)
    {
        var gate = new TaskCompletionSource();
        var old = new RangeFile(16) { ExtraFields = ["Cache-Control: max-age=3600", "Cache-Tag: one"] };
        _file.ExtraFields = old.ExtraFields;
        _file.ChangeTo(seed: 2);
        int requests = 0;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            bool isFirst = Interlocked.Increment(ref requests) == 1;
            if (isFirst)
            {
                await exchange.WaitAsync(gate.Task);
            }

            await (isFirst ? old : _file).AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin, options => options with { MaxConcurrentSubrequests = 1 });
        var before = proxy.GetAsync("/file", "Range: bytes=0-3");
        await origin.RequestsArrivedAsync(1);

        Assert.Equal(404, (await proxy.PurgeAsync(target, fields)).StatusCode);
        var after = await proxy.GetAsync("/file");
        gate.SetResult();

        // Who asked before the purge may get either version, and gets one.
        Assert.Equal(TestContent.Bytes(0, 16, seed: 2), after.Body);
        Assert.Contains((await before).Body, new[] { TestContent.Bytes(0, 4, old.Seed), TestContent.Bytes(0, 4, seed: 2) });
        var last = await proxy.GetAsync("/file");
        Assert.Equal(TestContent.Bytes(0, 16, seed: 2), last.Body);
    }

    [Fact]
    public async Task Fetch_of_what_no_purge_is_for_goes_on_for_all_who_wait()
    {
        var gate = new TaskCompletionSource();
        _file.Fault = RangeFile.OnRequest(1, new RangeFault { HeadGate = gate.Task });
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        var before = proxy.GetAsync("/file", "Range: bytes=0-3");
        await origin.RequestsArrivedAsync(1);

        await proxy.PurgeAsync("/other/", "X-Purge-Pattern: prefix");
        var after = proxy.GetAsync("/file", "Range: bytes=0-3");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("active_requests") == 2, () => "both wait");
        gate.SetResult();

        Assert.Equal((await before).Body, (await after).Body);
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    public async Task Purge_of_many_is_logged()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a/1");
        await proxy.PurgeAsync("/a/", "X-Purge-Pattern: prefix");
        Assert.Contains(
            proxy.Log, line => line.Contains("PURGE", StringComparison.Ordinal) && line.Contains("prefix /a/", StringComparison.Ordinal));
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, configure);

    private static async Task<string?[]> GetAllAsync(ProxyUnderTest proxy, params string[] targets)
    {
        var results = new List<string?>();
        foreach (string target in targets)
        {
            results.Add((await proxy.GetAsync(target)).Field("X-Cache"));
        }

        return [.. results];
    }

    private static void AssertAnswer(RawResponse response, int status, int purgedCount, string message)
    {
        var answer = PurgeAnswer.Read(response, status);
        Assert.Equal((purgedCount, message), (answer.Count, answer.Message));
    }
}
