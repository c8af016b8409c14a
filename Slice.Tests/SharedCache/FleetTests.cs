using System.Text;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>Several instances and one tier: what one has fetched the others need not, and what one removes is gone for all.</summary>
public sealed class FleetTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public FleetTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task Instance_that_never_saw_an_object_serves_it_without_any_request_to_the_origin()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await SettledAsync(slices: 4);
        int before = _origin.RequestCount;

        await ExpectAsync(fleet[1], seed: 1);

        Assert.Equal(before, _origin.RequestCount);
    }

    [Fact]
    public async Task Small_object_is_had_with_its_head()
    {
        _file.LengthBytes = 3;
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await Eventually.TrueAsync(() => Count(":o:") == 1, "the object in the tier");

        await ExpectAsync(fleet[1], seed: 1);

        Assert.Equal(1, _origin.RequestCount);
        Assert.Equal(0, Count(":s:"));
    }

    [Fact]
    public async Task Instance_that_starts_with_nothing_is_warm_at_once()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 1, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await SettledAsync(slices: 4);
        await fleet.RemoveAsync(0);
        int before = _origin.RequestCount;

        await ExpectAsync(await fleet.AddAsync(), seed: 1);

        Assert.Equal(before, _origin.RequestCount);
    }

    [Fact]
    public async Task Instances_that_miss_the_same_object_at_once_ask_the_origin_for_each_byte_once()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 3, () => _server.Open());

        await Task.WhenAll(Enumerable.Range(0, 12).Select(index => ExpectAsync(fleet[index % 3], seed: 1)));

        Assert.Equal(16, _file.ContentBytesSent);
    }

    // Under one name each would take the values of the other for damaged and its news for lost, for as long as both run.
    [Fact]
    public async Task Instances_with_other_secrets_do_not_meet_and_do_not_disturb_each_other()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 0, () => _server.Open());
        foreach (string? key in new[] { null, "0123456789abcdef", "another key of it" })
        {
            await ExpectAsync(await fleet.AddAsync(also: options => With(options, key)), seed: 1);
        }

        await Eventually.TrueAsync(() => Count(":s:") == 12, "the slices of all three in the tier");
        int before = _origin.RequestCount;
        await ExpectAsync(await fleet.AddAsync(also: options => With(options, "0123456789abcdef")), seed: 1);

        Assert.Equal(before, _origin.RequestCount);
        foreach ((int index, int expected) in new[] { (0, 1), (1, 2), (2, 1), (3, 2) })
        {
            string answer = Encoding.UTF8.GetString((await fleet[index].PurgeAsync("/file")).Body);
            Assert.Contains($"\"instances\":{expected},\"answered\":{expected}", answer, StringComparison.Ordinal);
        }

        Assert.All(
            Enumerable.Range(0, 4).Select(index => fleet[index].Composition.Tier!.Meter),
            meter =>
            {
                Assert.Equal(0, meter.NewsLost);
                Assert.DoesNotContain(meter.Reads.Read(), static read => read is { Key: "damaged", Value: > 0 });
            });

        static SliceOptions With(SliceOptions options, string? key) =>
            options with { SharedCache = options.SharedCache with { MacKey = key } };
    }

    [Fact]
    public async Task Purge_reaches_every_instance_and_says_how_many_answered()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 3, () => _server.Open());
        foreach (int index in new[] { 0, 1, 2 })
        {
            await ExpectAsync(fleet[index], seed: 1);
        }

        Change(seed: 2);
        var answer = await fleet[0].PurgeAsync("/file");

        Assert.Equal(200, answer.StatusCode);
        Assert.Contains("\"instances\":3,\"answered\":3", Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
        foreach (int index in new[] { 0, 1, 2 })
        {
            await ExpectAsync(fleet[index], seed: 2);
        }
    }

    [Fact]
    public async Task Change_that_one_instance_sees_is_a_change_for_all()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await ExpectAsync(fleet[1], seed: 1);
        Change(seed: 2);

        // A client that asks for a new answer is what makes the first one look.
        var asked = await fleet[0].GetAsync("/file", "Cache-Control: no-cache");
        Assert.Equal(TestContent.Bytes(0, 16, 2), asked.Body);

        await Eventually.TrueAsync(
            async () => (await fleet[1].GetAsync("/file")).Body.SequenceEqual(TestContent.Bytes(0, 16, 2)),
            () => "the other to serve the new one");
    }

    [Fact]
    public async Task Tier_that_is_away_or_silent_costs_no_answer()
    {
        await using var fleet = await Fleet.StartAsync(
            _origin.Uri,
            2,
            () => _server.Open(),
            options => options with { SharedCache = options.SharedCache with { Timeout = TimeSpan.FromMilliseconds(200) } });
        await ExpectAsync(fleet[0], seed: 1);
        _server.IsAway = true;
        await ExpectAsync(fleet[1], seed: 1, "/one");
        _server.IsAway = false;
        _server.IsSilent = true;
        await ExpectAsync(fleet[1], seed: 1, "/two");
        await ExpectAsync(fleet[0], seed: 1, "/two");
    }

    // The head pays for all: nobody waits for a store that has just kept somebody waiting.
    [Fact]
    public async Task Silent_store_costs_a_cold_request_one_deadline_and_not_one_for_each_slice()
    {
        _file.LengthBytes = 64;
        await using var fleet = await Fleet.StartAsync(
            _origin.Uri,
            1,
            () => _server.Open(),
            options => options with { SharedCache = options.SharedCache with { Timeout = TimeSpan.FromMilliseconds(200) } });
        _server.IsSilent = true;

        await ExpectAsync(fleet[0], seed: 1);

        Assert.DoesNotContain(_server.Operations, operation => operation.Contains(":s:", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => fleet[0].Composition.Tier!.State == TierState.Down, "the store to be left alone");
    }

    private int Count(string kind) => _server.Keys.Count(key => key.Contains(kind, StringComparison.Ordinal));

    private Task SettledAsync(int slices) => Eventually.TrueAsync(
        () => Count(":s:") - _server.Keys.Count(key => key.EndsWith(":t", StringComparison.Ordinal)) == slices
            && Count(":o:") == 1,
        () => "the tier has " + string.Join(' ', _server.Keys));

    private static async Task ExpectAsync(ProxyUnderTest proxy, int seed, string target = "/file")
    {
        var answer = await proxy.GetAsync(target);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, answer.Body.Length, seed), answer.Body);
    }

    private void Change(int seed)
    {
        _file.Seed = seed;
        _file.ETag = $"\"v{seed}\"";
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, seed, TimeSpan.Zero);
    }
}
