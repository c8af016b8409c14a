using Slice.Tests.Fuzzing;
using Slice.Tests.SharedCache.Chaos;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// A store that has forgotten the counters of an object, as it makes room, or after thirty days, says nothing about what instances have
/// cached themselves: that is validated, and not fetched anew.
/// </summary>
public sealed class LostCounterValidationTests : IAsyncDisposable
{
    private static readonly string[] s_kinds = [":r:", ":d:", ":o:", ":s:", ":c:"];

    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public LostCounterValidationTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Object_whose_counters_and_head_are_forgotten_is_validated_and_keeps_its_bytes(bool wasPurged)
    {
        await using var fleet = await StartAsync();
        if (wasPurged)
        {
            await ExpectAsync(fleet[0]);
            Assert.Equal(200, (await fleet[0].PurgeAsync("/file")).StatusCode);
        }

        await ExpectAsync(fleet[0]);
        await SettledAsync(fleet[0]);
        _server.Forget(IsOfObjects);
        long before = _file.ContentBytesSent;

        await ExpectAsync(fleet[0], "Cache-Control: no-cache");

        Assert.Equal(before, _file.ContentBytesSent);
    }

    // What was validated is given to the others under the new numbers.
    [Fact]
    public async Task Object_that_was_validated_after_its_counters_were_forgotten_has_a_head_in_the_tier_again()
    {
        await using var fleet = await StartAsync();
        await ExpectAsync(fleet[0]);
        await SettledAsync(fleet[0]);
        _server.Forget(IsOfObjects);
        await ExpectAsync(fleet[0], "Cache-Control: no-cache");
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the head in the tier");

        await fleet[1].GetAsync("/file", "Range: bytes=0-0");

        Assert.Contains(fleet[1].Composition.Tier!.Meter.Reads.Read(), static read => read is { Key: "hit", Value: > 0 });
    }

    // In a directory all is lost, or nothing. With the numbers of before, the head would be of no use to anybody, and so would the claim.
    [Fact]
    public async Task Object_that_was_purged_once_is_in_the_tier_again_after_a_directory_has_lost_everything()
    {
        await using var servers = new DirectoryFleetServers();
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, servers.Open);
        await ExpectAsync(fleet[0]);
        await Eventually.TrueAsync(
            async () => (await fleet[0].PurgeAsync("/file")).StatusCode == 200, () => "both to answer the purge, on a busy machine later");
        await ExpectAsync(fleet[0]);
        await servers.HurtAsync(new FuzzRandom(1));
        foreach (int index in new[] { 0, 1 })
        {
            await Eventually.TrueAsync(() => fleet[index].Composition.Tier!.Meter.NewsLost > 0, "the loss to be seen");
        }

        // What is asked for before the number of a loss is outdated where that was seen.
        await Eventually.TrueAsync(() => LatestOf(0) >= LatestOf(1), "the loss of the other to be heard");
        long before = Written();
        await ExpectAsync(fleet[0]);
        await Eventually.TrueAsync(() => Written() > before, "the head in the tier");
        await fleet[1].GetAsync("/file", "Range: bytes=0-0");

        Assert.Contains(fleet[1].Composition.Tier!.Meter.Reads.Read(), static read => read is { Key: "hit", Value: > 0 });

        long LatestOf(int index) => fleet[index].Composition.Tier!.Fleet.Purges.Latest;

        long Written() => fleet[0].Composition.Tier!.Meter.Writes.Read()
            .Where(static write => write.Key == "written").Sum(static write => write.Value);
    }

    // The other way round a removal that was counted with the new numbers is one.
    [Fact]
    public async Task Removal_after_the_counters_were_forgotten_ends_what_was_stored_before()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open(canTell: false), static options => options with
        {
            SharedCache = options.SharedCache with { Coherence = TimeSpan.FromHours(1) },
        });
        await ExpectAsync(fleet[0]);
        await ExpectAsync(fleet[1]);
        _server.Forget(IsOfObjects);
        _file.Seed = 2;
        await RawClient.AskAsync(fleet[0].EndPoint, RawClient.Request("POST", "/file", "Content-Length: 0"));
        await Eventually.TrueAsync(
            () => _server.Operations.Any(static operation => operation.StartsWith("increment ", StringComparison.Ordinal)
                && operation.Contains(":r:", StringComparison.Ordinal)),
            "the removal to be counted");

        var answer = await fleet[1].GetAsync("/file", "Cache-Control: no-cache");

        Assert.Equal(TestContent.Bytes(0, 16, 2), answer.Body);
    }

    private static bool IsOfObjects(string key) =>
        s_kinds.Any(kind => key.Contains(kind, StringComparison.Ordinal));

    // A turn is beside the head, and may be there before it.
    private static bool IsHead(string key) =>
        key.Contains(":o:", StringComparison.Ordinal) && !key.EndsWith(":t", StringComparison.Ordinal);

    private Task<Fleet> StartAsync() => Fleet.StartAsync(_origin.Uri, 2, () => _server.Open(), static options => options with
    {
        SharedCache = options.SharedCache with { Timeout = TimeSpan.FromSeconds(5) },
    });

    private Task SettledAsync(ProxyUnderTest proxy) => Eventually.TrueAsync(
        () => proxy.Composition.Store.SliceCount == 4 && _server.Keys.Any(IsHead)
            && !_server.Keys.Any(static key => key.EndsWith(":t", StringComparison.Ordinal)),
        () => "the tier has " + string.Join(' ', _server.Keys));

    private static async Task ExpectAsync(ProxyUnderTest proxy, params string[] fields)
    {
        var answer = await proxy.GetAsync("/file", fields);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 16, 1), answer.Body);
    }
}
