using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// A store that evicts keeps some values and forgets others: Redis with allkeys-lru, Memcached by its classes of sizes, or one server of
/// several that is restarted. What it forgets must not bring back what was removed.
/// </summary>
public sealed class LostCounterTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public LostCounterTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Purged_object_does_not_come_back_when_the_store_forgets_its_counters(bool isSoft)
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await SettledAsync();
        Assert.Equal(200, (await fleet[0].PurgeAsync("/file", isSoft ? ["X-Purge-Soft: 1"] : [])).StatusCode);
        _server.Forget(static key => key.Contains(":r:", StringComparison.Ordinal) || key.Contains(":d:", StringComparison.Ordinal));
        Change(seed: 2);

        await ExpectAsync(fleet[1], seed: 2);
    }

    [Fact]
    public async Task Version_that_was_replaced_by_an_answer_for_nobody_else_does_not_come_back_either()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await SettledAsync();
        Change(seed: 2);
        _file.ExtraFields = ["Cache-Control: no-store"];
        await fleet[0].GetAsync("/file", "Cache-Control: no-cache");
        await Eventually.TrueAsync(
            () => _server.Keys.Any(static key => key.Contains(":d:", StringComparison.Ordinal))
                && fleet[1].Composition.Tier!.Meter.NewsHeard > 0,
            () => "the change to be heard");
        _server.Forget(static key => key.Contains(":r:", StringComparison.Ordinal) || key.Contains(":d:", StringComparison.Ordinal));

        await ExpectAsync(fleet[1], seed: 2);
    }

    // It is of use for no time, so that no head takes the place of the old one.
    [Fact]
    public async Task Version_that_was_replaced_by_one_without_a_head_does_not_come_back_either()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await SettledAsync();
        Change(seed: 2);
        _file.ExtraFields = ["Cache-Control: max-age=0, stale-while-revalidate=0, stale-if-error=0"];
        await fleet[0].GetAsync("/file", "Cache-Control: no-cache");
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsHeard > 0, "the change to be heard");
        _server.Forget(static key => key.Contains(":d:", StringComparison.Ordinal));

        await ExpectAsync(fleet[1], seed: 2);
    }

    // Kept under keys of their own: nobody finds all of them at a purge.
    [Fact]
    public async Task Purged_object_with_key_fields_does_not_come_back_either()
    {
        const string Field = "X-Api-Key: a";
        await using var fleet = await Fleet.StartAsync(
            _origin.Uri, 2, () => _server.Open(), static options => options with { CacheKeyFields = ["X-Api-Key"] });
        await ExpectAsync(fleet[0], seed: 1, Field);
        await SettledAsync();
        Assert.Equal(200, (await fleet[0].PurgeAsync("/file")).StatusCode);
        _server.Forget(static key => key.Contains(":r:", StringComparison.Ordinal) || key.Contains(":d:", StringComparison.Ordinal));
        Change(seed: 2);

        await ExpectAsync(fleet[1], seed: 2, Field);
    }

    // The operator purges what the origin had sent wrong, and puts right under the same validator.
    [Fact]
    public async Task Slices_of_a_purged_object_are_not_used_for_the_next_one_with_the_same_validator()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], seed: 1);
        await SettledAsync();
        Assert.Equal(200, (await fleet[0].PurgeAsync("/file")).StatusCode);
        _server.Forget(static key => key.Contains(":r:", StringComparison.Ordinal));
        _file.Seed = 2;

        await ExpectAsync(fleet[1], seed: 2);
    }

    private Task SettledAsync() => Eventually.TrueAsync(
        () => _server.Keys.Count(static key => key.Contains(":s:", StringComparison.Ordinal)) >= 4
            && _server.Keys.Any(static key => key.Contains(":o:", StringComparison.Ordinal))
            && !_server.Keys.Any(static key => key.EndsWith(":t", StringComparison.Ordinal)),
        () => "the tier has " + string.Join(' ', _server.Keys));

    private static async Task ExpectAsync(ProxyUnderTest proxy, int seed, params string[] fields)
    {
        var answer = await proxy.GetAsync("/file", fields);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 16, seed), answer.Body);
    }

    private void Change(int seed)
    {
        _file.Seed = seed;
        _file.ETag = $"\"v{seed}\"";
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, seed, TimeSpan.Zero);
    }
}
