using System.Globalization;
using Slice.Core.Caching;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// What instances tell each other when things happen at the same time, or while the store, or a part of it, is away: none of them goes on
/// with an old version for as long as that is fresh.
/// </summary>
public sealed class FleetNewsTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly List<Weather> _weathers = [];
    private volatile int _version = 1;
    private volatile Task _late = Task.CompletedTask;
    private volatile bool _isNameless;
    private bool _collapses = true;
    private string[] _keyFields = [];
    private TimeSpan? _timeout;
    private bool _varies;
    private int _length = 16;
    private string? _etag;

    public FleetNewsTests() => _origin = ScriptedOrigin.Start(AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    // Both replace the first version, by different ones, and neither hears of anything that is the version that it has.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_changes_that_two_instances_see_at_once_end_with_the_last_version_everywhere(bool isNameless)
    {
        _isNameless = isNameless;
        await using var fleet = await StartAsync(3);
        foreach (int index in new[] { 0, 1, 2 })
        {
            await ExpectAsync(fleet[index], 1);
        }

        var (first, second) = (NewGate(), NewGate());
        var one = await AskAsync(fleet[0], version: 2, first.Task);
        var other = await AskAsync(fleet[1], version: 3, second.Task);

        // None of the two hears of the other before both have their answers.
        _weathers[0].Silence();
        _weathers[1].Silence();
        second.SetResult();
        await ExpectAsync(other, 3);
        first.SetResult();
        await ExpectAsync(one, 2);
        _weathers[0].Calm();
        _weathers[1].Calm();

        _late = Task.CompletedTask;
        await AllServeAsync(fleet, 3);
    }

    // Both fetch it for the first time, with a change in between, and neither has seen anything change.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_versions_that_two_instances_fetch_at_once_end_with_the_last_one_everywhere(bool isNameless)
    {
        (_isNameless, _collapses) = (isNameless, false);
        await using var fleet = await StartAsync(2);
        var (first, second) = (NewGate(), NewGate());
        var one = await AskAsync(fleet[0], version: 2, first.Task);
        var other = await AskAsync(fleet[1], version: 3, second.Task);
        second.SetResult();
        await ExpectAsync(other, 3);
        first.SetResult();
        await ExpectAsync(one, 2);

        _late = Task.CompletedTask;
        await AllServeAsync(fleet, 3);
    }

    [Fact]
    public async Task Version_that_was_learned_while_the_store_was_away_ends_older_ones_when_it_is_there_again()
    {
        await using var fleet = await StartAsync(2);
        await ExpectAsync(fleet[0], 1);
        _server.IsAway = true;
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.State == TierState.Down, "the store to be missed");
        _version = 2;
        await ExpectAsync(fleet[1], 2);

        // It has not forgotten anything.
        _server.IsAway = false;

        await AllServeAsync(fleet, 2);
    }

    // So is all of a cache that was warm before there was a tier.
    [Fact]
    public async Task Version_that_was_learned_while_the_store_was_away_is_shared_once_it_was_validated()
    {
        await using var fleet = await StartAsync(2);
        _server.IsAway = true;
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.State == TierState.Down, "the store to be missed");
        await ExpectAsync(fleet[1], 1);
        _server.IsAway = false;
        await Fleet.IsUpAsync(fleet[0]);
        await Fleet.IsUpAsync(fleet[1]);
        Assert.DoesNotContain(_server.Keys, IsHead);

        await fleet[1].GetAsync("/file", "Cache-Control: no-cache");

        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object in the tier");
        int asked = _origin.RequestCount;
        await ExpectAsync(fleet[0], 1);
        Assert.Equal(asked, _origin.RequestCount);
    }

    // Its body goes with its head, or slice by slice.
    [Theory]
    [InlineData(16)]
    [InlineData(192)]
    public async Task Version_that_was_learned_while_the_store_was_away_is_shared_after_its_next_use(int length)
    {
        _length = length;
        await using var fleet = await StartAsync(2);
        _server.IsAway = true;
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.State == TierState.Down, "the store to be missed");
        await ExpectAsync(fleet[1], 1);
        _server.IsAway = false;
        await Fleet.IsUpAsync(fleet[0]);
        await Fleet.IsUpAsync(fleet[1]);
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsTold > 0, "the version to be told");
        int asked = _origin.RequestCount;

        await ExpectAsync(fleet[1], 1);

        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object in the tier");
        await Eventually.TrueAsync(() => _server.Keys.Count(IsSlice) == (length == 192 ? 3 : 0), "its slices in the tier");
        Assert.Equal(asked + 1, _origin.RequestCount);
        await ExpectAsync(fleet[1], 1);
        await ExpectAsync(fleet[0], 1);
        Assert.Equal(asked + 1, _origin.RequestCount);
    }

    // The store answers one of them too late, which asks the origin for what another one has just put there.
    [Theory]
    [InlineData(16)]
    [InlineData(192)]
    public async Task Version_that_the_store_has_stays_there_when_an_instance_has_learned_of_it_alone(int length)
    {
        (_length, _timeout) = (length, TimeSpan.FromSeconds(1));
        await using var fleet = await StartAsync(3);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object in the tier");
        await Eventually.TrueAsync(() => _server.Keys.Count(IsSlice) == (length == 192 ? 3 : 0), "its slices in the tier");
        _weathers[1].Silence();
        await ExpectAsync(fleet[1], 1);
        Assert.Equal(0, fleet[1].Composition.Tier!.Meter.NewsTold);
        _weathers[1].Calm();
        var index = fleet[1].Composition.Index;
        var key = new CacheKey("/file"u8);
        await Eventually.TrueAsync(() => index.HoldsObject(key, static learned => !learned.IsUntold), "it to be known, or told");
        int asked = _origin.RequestCount;

        await ExpectAsync(fleet[2], 1);

        Assert.Equal(asked, _origin.RequestCount);
        Assert.Empty(Counted());
        Assert.True(index.HoldsObject(key, static learned => learned.TierMark is not null), "it may be shared");
    }

    // One of several servers is away, and the counter of one object is on that one.
    [Fact]
    public async Task Event_that_cannot_be_counted_keeps_no_other_from_being_told()
    {
        await using var fleet = await StartAsync(2);
        foreach (string target in new[] { "/file", "/other" })
        {
            await ExpectAsync(fleet[0], 1, target);
            await ExpectAsync(fleet[1], 1, target);
        }

        _version = 2;
        await fleet[0].GetAsync("/file", "Cache-Control: no-cache");
        await Eventually.TrueAsync(() => Counted().Length > 0, "the change to be counted");
        string away = Assert.Single(Counted());
        _weathers.ForEach(weather => weather.Unreachable = key => key == away);
        _version = 3;
        await fleet[0].GetAsync("/file", "Cache-Control: no-cache");
        await fleet[0].GetAsync("/other", "Cache-Control: no-cache");

        await AllServeAsync(fleet, 3, "/other");
        await AllServeAsync(fleet, 3, "/file");
    }

    // A server of several was emptied, with the counters of both logs or without them.
    [Theory]
    [InlineData(":n:")]
    [InlineData(":p:")]
    public async Task Object_that_was_written_before_counters_were_lost_is_not_read_afterwards(string log)
    {
        await using var fleet = await StartAsync(2);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object is there");
        _version = 2;
        _server.Forget(key => key.Contains(log, StringComparison.Ordinal));
        await Eventually.TrueAsync(
            () => Enumerable.Range(0, 2).All(index => fleet[index].Composition.Tier!.Meter.NewsLost > 0), "the loss to be seen");

        await AllServeAsync(fleet, 2);
    }

    // The counters of both logs and what is there to be there, all of which are looked at: one line for an operator.
    [Fact]
    public async Task Store_that_was_emptied_is_one_loss_at_each_instance()
    {
        await using var fleet = await StartAsync(2);
        await ExpectAsync(fleet[0], 1);
        int witnesses = _server.Keys.Count(static key => key.Contains(":w:", StringComparison.Ordinal));
        await LookAsync();
        _server.Forget(static _ => true);
        await LookAsync();
        await LookAsync();

        Assert.Equal(32, witnesses);
        foreach (var one in (ProxyUnderTest[])[fleet[0], fleet[1]])
        {
            string[] lines = [.. one.Log.Where(static line => line.Contains("shared_cache_news_lost", StringComparison.Ordinal))];
            Assert.True(lines.Length == 1, string.Join("; ", lines));
            Assert.Equal(1, one.Composition.Tier!.Meter.NewsLost);
        }

        // Each instance looks for all of them once more, at least.
        async Task LookAsync()
        {
            int before = Looks();
            await Eventually.TrueAsync(() => Looks() - before >= 5 * 32, "the instances to look");
        }

        int Looks() => _server.Operations.Count(
            static operation => operation.StartsWith("get", StringComparison.Ordinal)
                && operation.Contains(":w:", StringComparison.Ordinal));
    }

    // The change of one variant makes all of them outdated in the store, and the other instance fetches another one anew.
    [Fact]
    public async Task Variant_beside_one_that_has_changed_is_validated_where_the_change_was_seen()
    {
        _varies = true;
        await using var fleet = await StartAsync(2);
        await fleet[0].GetAsync("/file", "Accept-Language: de");
        await fleet[0].GetAsync("/file", "Accept-Language: en");
        _version = 2;
        long told = fleet[0].Composition.Tier!.Meter.NewsTold;
        await fleet[0].GetAsync("/file", "Accept-Language: en", "Cache-Control: no-cache");
        await Eventually.TrueAsync(() => fleet[0].Composition.Tier!.Meter.NewsTold > told, "the change is told");

        var other = await fleet[1].GetAsync("/file", "Accept-Language: de");
        var own = await fleet[0].GetAsync("/file", "Accept-Language: de");

        Assert.Equal(TestContent.Bytes(0, 16, 2), other.Body);
        Assert.Equal(TestContent.Bytes(0, 16, 2), own.Body);
    }

    // One of several servers was emptied, and no counter of a log was on it: who asks next does not see that the object has changed.
    [Fact]
    public async Task Object_that_the_store_has_lost_alone_is_not_served_in_its_old_version()
    {
        await using var fleet = await StartAsync(2);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object is there");
        _version = 2;
        _server.Forget(key => !key.Contains(":n:", StringComparison.Ordinal)
            && !key.Contains(":p:", StringComparison.Ordinal)
            && !key.EndsWith(":0", StringComparison.Ordinal));
        await ExpectAsync(fleet[1], 2);

        await AllServeAsync(fleet, 2);
    }

    // A removal is counted before anybody hears of it: whoever sees the counter acts on that. A validation would give the bytes of before
    // to all, as the validator is the same.
    [Theory]
    [InlineData(16)]
    [InlineData(96)]
    public async Task Removal_that_is_counted_and_not_heard_yet_is_none_to_validate_over(int length)
    {
        _length = length;
        _etag = "\"same\"";
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open(canTell: false), static options => options with
        {
            SliceSizeBytes = 64,
            SharedCache = options.SharedCache with { Coherence = TimeSpan.FromHours(1) },
        });
        await ExpectAsync(fleet[0], 1);
        await ExpectAsync(fleet[1], 1);
        _version = 2;
        await RawClient.AskAsync(fleet[0].EndPoint, RawClient.Request("POST", "/file", "Content-Length: 0"));
        await Eventually.TrueAsync(
            () => _server.Operations.Any(static operation => operation.StartsWith("increment ", StringComparison.Ordinal)
                && operation.Contains(":r:", StringComparison.Ordinal)),
            "the removal to be counted");

        var validated = await fleet[1].GetAsync("/file", "Cache-Control: no-cache");

        Assert.Equal(TestContent.Bytes(0, length, 2), validated.Body);
        await AllServeAsync(fleet, 2);
    }

    // This instance has removed the object, or wants it validated, and finds it in the store before the store has heard of that.
    [Theory]
    [InlineData(false)]
    [InlineData(false, "X-Purge-Soft: 1")]
    [InlineData(true)]
    [InlineData(true, "X-Purge-Soft: 1")]
    [InlineData(false, "X-Purge-Pattern: prefix")]
    [InlineData(false, "X-Purge-Pattern: prefix", "X-Purge-Soft: 1")]
    public async Task Object_that_is_still_in_the_store_when_its_purge_is_counted_is_not_served_afterwards(
        bool isByField, params string[] purge)
    {
        _keyFields = isByField ? ["X-Tenant"] : [];
        await using var fleet = await StartAsync(1);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object in the tier");
        var (arrived, gate) = (NewGate(), NewGate());
        _weathers[0].Counting = () =>
        {
            arrived.TrySetResult();
            return gate.Task;
        };
        _version = 2;
        var purging = fleet[0].PurgeAsync("/file", purge);
        await Deadline.WithinAsync(arrived.Task, "the count");

        // A purge of many objects hides them before it has its number.
        await ExpectAsync(fleet[0], purge is ["X-Purge-Pattern: prefix", ..] ? 2 : 1);

        gate.SetResult();
        await purging;

        await AllServeAsync(fleet, 2);
    }

    // It cannot be offered to the tier before the purge has its number, and is good here meanwhile.
    [Fact]
    public async Task Object_that_was_fetched_while_a_purge_is_counted_is_not_validated_by_each_client()
    {
        await using var fleet = await StartAsync(1);
        var (arrived, gate) = (NewGate(), NewGate());
        _weathers[0].Counting = () =>
        {
            arrived.TrySetResult();
            return gate.Task;
        };
        var purging = fleet[0].PurgeAsync("/file", "X-Purge-Pattern: prefix");
        await Deadline.WithinAsync(arrived.Task, "the count");
        await ExpectAsync(fleet[0], 1);
        int before = _origin.RequestCount;

        for (int round = 0; round < 20; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ExpectAsync(fleet[0], 1)));
        }

        Assert.Equal(before, _origin.RequestCount);
        gate.SetResult();
        await purging;
    }

    // Nobody would find it in the tier, nor notice that there are two versions.
    [Fact]
    public async Task Object_that_was_fetched_while_others_have_not_answered_its_purge_goes_to_the_tier()
    {
        _length = 96;
        await using var fleet = await StartAsync(2);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => Heads().Length > 0, "the first version in the tier");
        var (told, written) = (Purges().Length, Heads().Length);
        _weathers[1].Silence();
        _version = 2;
        var purging = fleet[0].PurgeAsync("/file", "X-Purge-Pattern: prefix");
        await Eventually.TrueAsync(() => Purges().Length > told, "the purge to be told");
        await Eventually.TrueAsync(
            async () =>
            {
                await ExpectAsync(fleet[0], 2);
                return Heads().Length > written;
            },
            () => "the object in the tier");

        _weathers[1].Calm();
        await purging;
        _version = 3;
        Assert.Equal(TestContent.Bytes(0, _length, 3), (await fleet[1].GetAsync("/file", "Cache-Control: no-cache")).Body);
        await AllServeAsync(fleet, 3);
    }

    // The purge is counted while this instance has read the old head, and not yet taken it.
    [Fact]
    public async Task Object_that_is_on_its_way_from_the_store_when_its_purge_is_counted_is_not_served_afterwards()
    {
        await using var fleet = await StartAsync(1);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object in the tier");
        var (arrived, counting) = (NewGate(), NewGate());
        _weathers[0].Counting = () =>
        {
            arrived.TrySetResult();
            return counting.Task;
        };
        _version = 2;
        int told = Told().Length;
        var purging = fleet[0].PurgeAsync("/file");
        await Deadline.WithinAsync(arrived.Task, "the count");
        var (isRead, taking) = (NewGate(), NewGate());
        _weathers[0].HasRead = key =>
        {
            if (!IsHead(key))
            {
                return Task.CompletedTask;
            }

            isRead.TrySetResult();
            return taking.Task;
        };
        var asked = fleet[0].GetAsync("/file");
        await Deadline.WithinAsync(isRead.Task, "the head to be read");
        counting.SetResult();
        await Eventually.TrueAsync(() => Told().Length > told, "the purge to be told");
        _weathers[0].HasRead = null;
        taking.SetResult();
        await asked;
        await purging;

        await AllServeAsync(fleet, 2);
    }

    // A validation takes counters from the store, where the old version is still good, before anybody has heard of the new one.
    [Fact]
    public async Task Version_that_was_learned_alone_and_validated_before_it_was_told_is_told()
    {
        await using var fleet = await StartAsync(2);
        await ExpectAsync(fleet[0], 1);
        await Eventually.TrueAsync(() => _server.Keys.Any(IsHead), "the object in the tier");
        _server.IsAway = true;
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.State == TierState.Down, "the store to be missed");
        _version = 2;
        await ExpectAsync(fleet[1], 2);
        var (arrived, telling) = (NewGate(), NewGate());
        _weathers[1].HasRead = key =>
        {
            if (!IsHead(key) || arrived.Task.IsCompleted)
            {
                return Task.CompletedTask;
            }

            arrived.TrySetResult();
            return telling.Task;
        };
        _server.IsAway = false;
        await Deadline.WithinAsync(arrived.Task, "the comparison");
        await fleet[1].GetAsync("/file", "Cache-Control: no-cache");
        telling.SetResult();

        await AllServeAsync(fleet, 2);
    }

    // A turn is beside the head, and may be there before it.
    private static bool IsHead(string key) =>
        key.Contains(":o:", StringComparison.Ordinal) && !key.EndsWith(":t", StringComparison.Ordinal);

    private static bool IsSlice(string key) =>
        key.Contains(":s:", StringComparison.Ordinal) && !key.EndsWith(":t", StringComparison.Ordinal);

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Asks for a new answer, which waits at the origin with this version.
    private async Task<Task<RawResponse>> AskAsync(ProxyUnderTest proxy, int version, Task gate)
    {
        (_version, _late) = (version, gate);
        int arrived = _origin.RequestCount;
        var answer = proxy.GetAsync("/file", "Cache-Control: no-cache");
        await _origin.RequestsArrivedAsync(arrived + 1);
        return answer;
    }

    private async Task ExpectAsync(Task<RawResponse> asked, int version) =>
        Assert.Equal(TestContent.Bytes(0, _length, version), (await asked).Body);

    private string[] Counted() =>
        [.. _server.Operations.Where(operation => operation.StartsWith("increment ", StringComparison.OrdinalIgnoreCase))
            .Select(operation => operation.Split(' ')[1]).Where(key => key.Contains(":d:", StringComparison.Ordinal)).Distinct()];

    private string[] Fields => [.. _keyFields.Select(static name => name + ": one")];

    private string[] Purges() => Set(static key => key.Contains(":p:", StringComparison.Ordinal));

    private string[] Heads() => Set(IsHead);

    private string[] Set(Predicate<string> which) =>
        [.. _server.Operations.Where(operation => operation.StartsWith("set ", StringComparison.OrdinalIgnoreCase) && which(operation))];

    private string[] Told() => Set(static key => key.Contains(":n:", StringComparison.Ordinal));

    private Task<Fleet> StartAsync(int count) => Fleet.StartAsync(_origin.Uri, count, Open, options => options with
    {
        SliceSizeBytes = 64,
        CacheKeyFields = _keyFields,
        SharedCache = options.SharedCache with { Collapses = _collapses, Timeout = _timeout ?? options.SharedCache.Timeout },
    });

    private IKeyValueStore Open()
    {
        _weathers.Add(new Weather());
        return new WeatheredStore(_server.Open(canTell: true), _weathers[^1]);
    }

    private Task AllServeAsync(Fleet fleet, int version, string target = "/file") => Eventually.TrueAsync(
        async () =>
        {
            for (int index = 0; index < fleet.Count; index++)
            {
                if (!(await fleet[index].GetAsync(target, Fields)).Body.SequenceEqual(TestContent.Bytes(0, _length, version)))
                {
                    return false;
                }
            }

            return true;
        },
        () => $"all to serve version {version} of {target}");

    private async Task ExpectAsync(ProxyUnderTest proxy, int version, string target = "/file")
    {
        var answer = await proxy.GetAsync(target, Fields);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, _length, version), answer.Body);
    }

    private async Task AnswerAsync(OriginExchange exchange)
    {
        var (version, late) = (_version, _late);
        await exchange.WaitAsync(late);
        await new RangeFile(_length, version)
        {
            ETag = _isNameless ? null : _etag ?? string.Create(CultureInfo.InvariantCulture, $"\"v{version}\""),
            LastModified = null,
            SupportsRanges = !_isNameless,
            ExtraFields = ["Cache-Control: max-age=600", .. _varies ? ["Vary: Accept-Language"] : Array.Empty<string>()],
        }.AnswerAsync(exchange);
    }
}
