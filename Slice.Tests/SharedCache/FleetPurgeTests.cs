using System.Text.Json;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>What a PURGE of several instances answers, and what it leaves in their logs.</summary>
public sealed class FleetPurgeTests : IAsyncDisposable
{
    private static readonly TimeSpan s_coherence = TimeSpan.FromMilliseconds(200);

    private readonly MemoryKeyValueServer _server = new();
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600", "Cache-Tag: red, green"] };
    private readonly ScriptedOrigin _origin;

    public FleetPurgeTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Self => $"{Environment.MachineName} 127.0.0.1:0";

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task Instance_that_does_not_act_is_named_in_the_answer_and_in_the_log()
    {
        await using var fleet = await StartAsync(2);
        await fleet[0].GetAsync("/file");
        await BeSeenAsync(fleet[0], "cache4 192.0.2.4:8080");
        await BeSeenAsync(fleet[0], "cache3 192.0.2.3:8080");

        var answer = await fleet[0].PurgeAsync("/file");

        using var json = JsonDocument.Parse(answer.BodyText);
        Assert.Equal(500, answer.StatusCode);
        Assert.Equal(
            ["success", "purged_count", "instances", "answered", "missing", "url", "message"],
            json.RootElement.EnumerateObject().Select(static member => member.Name));
        Assert.Contains(
            "\"instances\":4,\"answered\":2,\"missing\":[\"cache3 192.0.2.3:8080\",\"cache4 192.0.2.4:8080\"],",
            answer.BodyText,
            StringComparison.Ordinal);
        Assert.Equal(
            "purged, with 4 slices; 2 of 4 instances have answered, but not cache3 192.0.2.3:8080, cache4 192.0.2.4:8080; repeat the PURGE",
            json.RootElement.GetProperty("message").GetString());
        string line = Assert.Single(fleet[0].Log, static one => one.Contains(" purge ", StringComparison.Ordinal));
        Assert.StartsWith("Warning purge a PURGE was answered: unconfirmed url /file False 4 127.0.0.1:", line, StringComparison.Ordinal);
        Assert.EndsWith(" 4 2 cache3 192.0.2.3:8080, cache4 192.0.2.4:8080 ", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/file", "")]
    [InlineData("/", "X-Purge-Pattern: prefix")]
    [InlineData("/", "X-Purge-Tag: red")]
    [InlineData("/*", "X-Purge-All: true")]
    public async Task Purge_of_what_only_another_instance_has_does_not_say_that_nothing_was_stored(string target, string field)
    {
        await using var fleet = await StartAsync(2);
        await fleet[1].GetAsync("/file");

        var answer = await fleet[0].PurgeAsync(target, field.Length == 0 ? [] : [field]);

        Assert.Equal(200, answer.StatusCode);
        Assert.Contains(
            "\"message\":\"nothing was stored at this instance; 2 of 2 instances have answered\"",
            answer.BodyText,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hint_of_an_asterisk_stays_where_others_may_have_had_the_object()
    {
        await using var fleet = await StartAsync(2);

        string body = (await fleet[0].PurgeAsync("/file*")).BodyText;

        Assert.Contains(
            "nothing was stored at this instance; an asterisk is a character like any other", body, StringComparison.Ordinal);
        Assert.Contains("; 2 of 2 instances have answered", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_alone_says_that_nothing_is_stored()
    {
        await using var fleet = await StartAsync(1);

        var answer = await fleet[0].PurgeAsync("/file");

        Assert.Equal(404, answer.StatusCode);
        Assert.Contains("nothing is stored under this URL; 1 of 1 instances have answered", answer.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_line_says_what_the_instance_has_answered()
    {
        await using var fleet = await StartAsync(2);
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        string[] arguments = ["purge", "--all", "--instance", fleet[0].AdminEndPoint.ToString()];
        var order = Assert.IsType<PurgeCommand>(CommandLineParser.Parse(arguments)).Order;

        int exitCode = await PurgeCommandRunner.RunAsync(
            order, static _ => new LoadedConfiguration(new SliceOptions(), [], [], []), output, error, Ct);

        Assert.Equal(
            (0, "everything: nothing was stored at this instance; 2 of 2 instances have answered\n"), (exitCode, output.ToString()));
    }

    [Fact]
    public async Task Store_that_goes_while_the_others_are_waited_for_leaves_them_missing()
    {
        await using var fleet = await StartAsync(1);
        await BeSeenAsync(fleet[0], "cache3 192.0.2.3:8080");
        await SeesAsync(fleet[0], instances: 2);
        _server.Operations.Clear();
        var purging = fleet[0].PurgeAsync("/file");
        await Eventually.TrueAsync(
            () => _server.Operations.Any(static one => one.StartsWith("tell", StringComparison.Ordinal)), () => "the news to be told");
        _server.IsAway = true;

        var answer = await purging;

        Assert.Equal(500, answer.StatusCode);
        Assert.Contains(
            "\"instances\":2,\"answered\":1,\"missing\":[\"cache3 192.0.2.3:8080\"]", answer.BodyText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/file", "")]
    [InlineData("/*", "X-Purge-All: true")]
    public async Task Server_that_is_full_refuses_the_news_with_its_reason(string target, string field)
    {
        await using var server = await RedisServer.StartAsync("maxmemory-policy noeviction");
        var shared = new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [server.Address] };
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 1, () => new RedisStore(shared, TimeProvider.System));
        await server.CliAsync("config", "set", "maxmemory", "1");

        var answer = await fleet[0].PurgeAsync(target, field.Length == 0 ? [] : [field]);

        using var json = JsonDocument.Parse(answer.BodyText);
        Assert.Equal(500, answer.StatusCode);
        Assert.Equal(
            ["success", "purged_count", "url", "message"], json.RootElement.EnumerateObject().Select(static member => member.Name));
        string message = json.RootElement.GetProperty("message").GetString()!;
        Assert.StartsWith(
            $"nothing was stored at this instance; the shared cache does not take the news (redis {server.Address}: is full and evicts "
                + "nothing (maxmemory-policy): OOM ",
            message,
            StringComparison.Ordinal);
        Assert.EndsWith("), so the other instances hear of the PURGE when it does", message, StringComparison.Ordinal);
        Assert.Contains(
            fleet[0].Log,
            static line => line.StartsWith("Warning purge ", StringComparison.Ordinal)
                && line.Contains(": is full and evicts nothing", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("url /file False 4", "/file", "")]
    [InlineData("url /file True 4", "/file", "X-Purge-Soft: 1")]
    [InlineData("url /none False 0", "/none", "")]
    [InlineData("prefix /f False 4", "/f", "X-Purge-Pattern: prefix")]
    [InlineData("tag 1 tag False 4", "/", "X-Purge-Tag: red")]
    [InlineData("tag 2 tags False 4", "/", "X-Purge-Tag: red, blue")]
    [InlineData("all  False 4", "/*", "X-Purge-All: true")]
    public async Task Purge_that_another_instance_was_told_has_a_line_in_the_log(string expected, string target, string field)
    {
        await using var fleet = await StartAsync(2);
        await fleet[1].GetAsync("/file");

        Assert.Equal(200, (await fleet[0].PurgeAsync(target, field.Length == 0 ? [] : [field])).StatusCode);

        await Eventually.TrueAsync(
            () => HeardAt(fleet[1]).SequenceEqual(
                [$"Information purge_heard a PURGE that another instance was told was made here: {expected} {Self}"]),
            () => string.Join('\n', fleet[1].Log));
        Assert.Empty(HeardAt(fleet[0]));
    }

    [Fact]
    public async Task What_an_unsafe_method_removes_is_no_purge()
    {
        await using var fleet = await StartAsync(2);
        await fleet[1].GetAsync("/file");
        using var client = await RawClient.ConnectAsync(fleet[0].EndPoint);
        await client.SendAsync("DELETE /file HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsHeard > 0, () => "the other instance to hear of it");

        // One look later all that was heard is told.
        Assert.Equal(200, (await fleet[0].PurgeAsync("/other")).StatusCode);
        await Eventually.TrueAsync(() => HeardAt(fleet[1]).Length > 0, () => string.Join('\n', fleet[1].Log));

        Assert.Contains(" url /other ", Assert.Single(HeardAt(fleet[1])), StringComparison.Ordinal);
    }

    private static string[] HeardAt(ProxyUnderTest proxy) =>
        [.. proxy.Log.Where(static line => line.Contains(" purge_heard ", StringComparison.Ordinal))];

    private static Task SeesAsync(ProxyUnderTest proxy, int instances) => Eventually.TrueAsync(
        () => proxy.Composition.Tier!.Fleet.Members.Count == instances, () => $"{instances} instances to be seen");

    private Task<Fleet> StartAsync(int count) => Fleet.StartAsync(
        _origin.Uri,
        count,
        () => _server.Open(),
        static options => options with { SharedCache = options.SharedCache with { Coherence = s_coherence } });

    // An instance that hangs: its place is there for a while, and it acts on nothing.
    private async Task BeSeenAsync(ProxyUnderTest beside, string name)
    {
        var access = new TierAccess(_server.Open(), TimeSpan.FromSeconds(5), TimeProvider.System);
        access.Open();
        var values = new TierValues(access, new TierEnvelope(null), new TierMeter());
        await new TierMembers(values, beside.Composition.Tier!.Names, name, TimeProvider.System).TellAsync(0, 0, Ct);
    }
}
