using System.Globalization;
using Slice.Core.Observability;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// What a fleet does with a tier of any kind, over a real server: it is warm together, and no trouble of the tier ever shows in an answer.
/// A class for each kind of store inherits the cases.
/// </summary>
public abstract class SharedTierContract : IAsyncLifetime
{
    private readonly string _prefix = "f-" + Guid.NewGuid().ToString("N")[..8] + ":";
    private readonly Weather _weather = new();
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };
    private ScriptedOrigin? _origin;

    private ScriptedOrigin Origin => _origin ?? throw new InvalidOperationException("not initialized");

    /// <summary>A store over the server that the class has started; two of them see the same values.</summary>
    protected abstract IKeyValueStore Open();

    /// <summary>Starts the server, or finds it started.</summary>
    protected abstract Task StartAsync();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
    }

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Origin.DisposeAsync();
    }

    [Fact]
    public async Task Instance_that_never_saw_an_object_serves_it_without_any_request_to_the_origin()
    {
        await using var fleet = await StartFleetAsync(2);
        await ExpectAsync(fleet[0], "/file");
        await WrittenAsync(fleet[0], 5);
        int before = Origin.RequestCount;

        await ExpectAsync(fleet[1], "/file");

        Assert.Equal(before, Origin.RequestCount);
    }

    [Fact]
    public async Task Instances_that_miss_an_object_at_once_ask_the_origin_for_each_byte_once()
    {
        await using var fleet = await StartFleetAsync(3);

        await Task.WhenAll(Enumerable.Range(0, 12).Select(index => ExpectAsync(fleet[index % 3], "/file")));

        Assert.Equal(_file.LengthBytes, _file.ContentBytesSent);
        Assert.All(Enumerable.Range(0, 3), index => Assert.Equal(0, MeterOf(fleet[index]).NewsLost));
    }

    [Fact]
    public async Task Value_that_is_damaged_in_any_byte_is_a_miss()
    {
        await using var fleet = await StartFleetAsync(2);
        await ExpectAsync(fleet[0], "/file");
        await WrittenAsync(fleet[0], 5);
        int at = 0;
        _weather.Reading = (key, bytes) => IsContent(key) ? Damaged(bytes, Interlocked.Increment(ref at)) : bytes;

        await ExpectAsync(fleet[1], "/file");

        Assert.Contains("damaged", MeterOf(fleet[1]).Reads.Read().Select(static read => read.Key));
    }

    // The beginning is on its way to the client by then.
    [Theory]
    [InlineData("there", 0)]
    [InlineData("damaged", 1)]
    [InlineData("gone", 1)]
    public async Task Rest_of_a_slice_that_the_store_does_not_give_comes_from_the_origin(string rest, int requests)
    {
        const int Slice = 512 << 10;
        var file = new RangeFile(Slice) { ExtraFields = ["Cache-Control: max-age=600"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var fleet = await StartFleetAsync(2, origin.Uri, Slice);
        await using var store = Open();
        byte[] expected = TestContent.Bytes(0, Slice, 1);
        Assert.Equal(expected, (await fleet[0].GetAsync("/long")).Body);
        await WrittenAsync(fleet[0], 2);
        int before = file.RequestCount;
        bool isInParts = false;
        _weather.Reading = (key, bytes) =>
        {
            if (!key.Contains(":s:", StringComparison.Ordinal) || bytes.Length < Slice)
            {
                isInParts |= bytes.Length == TierEnvelope.HeaderBytes + TierEnvelope.UsualBeginningBytes;
                return bytes;
            }

            bytes[^1] ^= (byte)(rest == "damaged" ? 1 : 0);
            return rest == "gone" ? null : bytes;
        };

        Assert.Equal(expected, (await fleet[1].GetAsync("/long")).Body);

        Assert.Equal(before + requests, file.RequestCount);
        Assert.Equal(store.GivesBeginnings, isInParts);
        int sentBefore = store.GivesBeginnings ? TierEnvelope.UsualBeginningBytes : 0;
        Assert.Equal(requests * (Slice - sentBefore), file.ContentBytesSent - Slice);
    }

    [Fact]
    public async Task Store_that_evicts_in_the_middle_of_an_object_costs_what_is_missing()
    {
        await using var fleet = await StartFleetAsync(2);
        await ExpectAsync(fleet[0], "/file");
        await WrittenAsync(fleet[0], 5);
        long before = _file.ContentBytesSent;
        _weather.Reading = (key, bytes) => key.EndsWith(":1", StringComparison.Ordinal) ? null : bytes;

        await ExpectAsync(fleet[1], "/file");

        Assert.Equal(before + 4, _file.ContentBytesSent);
    }

    [Fact]
    public async Task Store_that_is_away_silent_or_full_never_shows_in_an_answer()
    {
        await using var fleet = await StartFleetAsync(2);
        _weather.IsFull = true;
        await ExpectAsync(fleet[0], "/full");
        await ExpectAsync(fleet[1], "/full");
        _weather.IsFull = false;
        _weather.IsAway = true;
        await ExpectAsync(fleet[0], "/away");
        await ExpectAsync(fleet[1], "/away");
        _weather.IsAway = false;
        _weather.Silence();
        await ExpectAsync(fleet[0], "/silent");
        await ExpectAsync(fleet[1], "/silent");
        _weather.Calm();
        await Fleet.IsUpAsync(fleet[0]);
        await Fleet.IsUpAsync(fleet[1]);
        await ExpectAsync(fleet[0], "/calm");
    }

    [Fact]
    public async Task Store_that_takes_nothing_is_told_of_in_the_log_once_with_the_reason()
    {
        await using var fleet = await StartFleetAsync(1);
        _weather.IsFull = true;
        await ExpectAsync(fleet[0], "/full/1");
        await ExpectAsync(fleet[0], "/full/2");
        await Eventually.TrueAsync(() => Lines().Length > 0, "a line in the log");
        await ExpectAsync(fleet[0], "/full/3");

        Assert.Contains("out of memory", Assert.Single(Lines()), StringComparison.Ordinal);

        string[] Lines() =>
            [.. fleet[0].Log.Where(static line => line.Contains("shared_cache_refuses", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task Store_that_comes_and_goes_never_shows_in_an_answer()
    {
        await using var fleet = await StartFleetAsync(3);
        for (int index = 0; index < 30; index++)
        {
            _weather.IsAway = index % 3 == 1;
            string target = string.Create(CultureInfo.InvariantCulture, $"/file/{index / 2}");
            await Task.WhenAll(Enumerable.Range(0, 3).Select(member => ExpectAsync(fleet[member], target)));
        }
    }

    [Fact]
    public async Task Change_that_one_instance_sees_ends_the_old_version_for_all_within_the_coherence()
    {
        await using var fleet = await StartFleetAsync(3);
        foreach (int index in Enumerable.Range(0, 3))
        {
            await ExpectAsync(fleet[index], "/file");
        }

        Change(2);
        await ExpectAsync(fleet[0], "/file", "Cache-Control: no-cache");

        foreach (int index in new[] { 1, 2 })
        {
            await Eventually.TrueAsync(
                async () => (await fleet[index].GetAsync("/file")).Body.SequenceEqual(TestContent.Bytes(0, 16, 2)),
                () => "an instance to leave the old version");
        }

        // From there on for good, also with somebody who comes anew.
        Assert.All(await AskAsync(await fleet.AddAsync(), "/file", 20), body => Assert.Equal(TestContent.Bytes(0, 16, 2), body));
    }

    [Fact]
    public async Task Purge_in_each_of_its_forms_reaches_every_instance()
    {
        await using var fleet = await StartFleetAsync(3);
        string[][] forms =
        [
            ["/file"],
            ["/file", "X-Purge-Soft: 1"],
            ["/fi", "X-Purge-Pattern: prefix"],
            ["/", "X-Purge-Tag: red"],
            ["/*", "X-Purge-All: true"],
        ];
        _file.ExtraFields = ["Cache-Control: max-age=600", "Cache-Tag: red"];
        int version = 1;
        foreach (string[] form in forms)
        {
            foreach (int index in Enumerable.Range(0, 3))
            {
                await ExpectAsync(fleet[index], "/file");
            }

            Change(++version);
            var answer = await fleet[version % 3].PurgeAsync(form[0], form[1..]);
            Assert.Contains("\"instances\":3,\"answered\":3", System.Text.Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
            foreach (int index in Enumerable.Range(0, 3))
            {
                await ExpectAsync(fleet[index], "/file");
            }
        }
    }

    [Fact]
    public async Task Purged_bytes_do_not_come_back_under_the_same_validator()
    {
        await using var fleet = await StartFleetAsync(2);
        await ExpectAsync(fleet[0], "/file");
        await WrittenAsync(fleet[0], 5);

        // The origin had bad bytes, and mends them without a new tag.
        _file.Seed = 2;
        Assert.Equal(200, (await fleet[0].PurgeAsync("/file")).StatusCode);

        await ExpectAsync(fleet[1], "/file");
        await ExpectAsync(fleet[0], "/file");
    }

    // Whoever reads a version goes on with it, while others get the next one.
    [Fact]
    public async Task Two_versions_at_once_are_never_mixed()
    {
        await using var fleet = await StartFleetAsync(3);
        for (int version = 2; version <= 12; version++)
        {
            var before = Enumerable.Range(0, 6).Select(index => BodyAsync(fleet[index % 3])).ToArray();
            Change(version);
            var after = Enumerable.Range(0, 6).Select(index => BodyAsync(fleet[index % 3], "Cache-Control: no-cache")).ToArray();
            byte[]?[] bodies = await Task.WhenAll([.. before, .. after]);
            Assert.All(bodies, body => Assert.True(body is null || IsOneVersion(body, version), $"no version up to {version}"));
            Assert.Contains(bodies, body => body is not null);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-3)]
    public async Task Clock_of_an_instance_that_is_wrong_by_hours_changes_no_age(int hours)
    {
        await using var fleet = await StartFleetAsync(1);
        await ExpectAsync(fleet[0], "/file");
        await WrittenAsync(fleet[0], 5);
        int before = Origin.RequestCount;

        var other = await fleet.AddAsync(new OffsetTime(TimeSpan.FromHours(hours)));
        var answer = await other.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 16, 1), answer.Body);
        Assert.Equal(before, Origin.RequestCount);
        Assert.InRange(int.Parse(answer.Field("Age")!, CultureInfo.InvariantCulture), 0, 60);
    }

    [Fact]
    public async Task Answer_for_one_client_never_goes_there()
    {
        _file.ExtraFields = ["Cache-Control: private, max-age=600"];
        await using var fleet = await StartFleetAsync(2);
        await ExpectAsync(fleet[0], "/file");
        await ExpectAsync(fleet[0], "/file", "Cookie: a=b", "Authorization: Basic eDp5");
        int before = Origin.RequestCount;

        await ExpectAsync(fleet[1], "/file");

        Assert.True(Origin.RequestCount > before);
        Assert.DoesNotContain("hit", MeterOf(fleet[1]).Reads.Read().Select(static read => read.Key));
    }

    // Null for an answer that was cut, or is an error: a version whose rest is not to be had any more is a visible failure.
    private static async Task<byte[]?> BodyAsync(ProxyUnderTest proxy, params string[] fields)
    {
        try
        {
            var answer = await proxy.GetAsync("/file", fields);
            return answer.StatusCode == 200 ? answer.Body : null;
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    private static byte[] Damaged(byte[] bytes, int at)
    {
        bytes[at * 7 % bytes.Length] ^= 0x10;
        return bytes;
    }

    private static bool IsContent(string key) =>
        (key.Contains(":o:", StringComparison.Ordinal) || key.Contains(":s:", StringComparison.Ordinal))
        && !key.EndsWith(":t", StringComparison.Ordinal);

    private static bool IsOneVersion(byte[] body, int latest) =>
        Enumerable.Range(1, latest).Any(version => body.AsSpan().SequenceEqual(TestContent.Bytes(0, 16, version)));

    private static TierMeter MeterOf(ProxyUnderTest proxy) => proxy.Composition.Tier!.Meter;

    private static async Task<byte[][]> AskAsync(ProxyUnderTest proxy, string target, int times)
    {
        var bodies = new List<byte[]>();
        while (bodies.Count < times)
        {
            bodies.Add((await proxy.GetAsync(target)).Body);
        }

        return [.. bodies];
    }

    private static Task WrittenAsync(ProxyUnderTest proxy, int count) => Eventually.TrueAsync(
        () => MeterOf(proxy).Writes.Read().Any(written => written.Key == "written" && written.Value >= count),
        () => "the tier to have it: " + string.Join(' ', MeterOf(proxy).Writes.Read()));

    private Task<Fleet> StartFleetAsync(int count) => StartFleetAsync(count, Origin.Uri, sliceSizeBytes: 4);

    private Task<Fleet> StartFleetAsync(int count, Uri origin, int sliceSizeBytes) => Fleet.StartAsync(
        origin,
        count,
        () => new WeatheredStore(Open(), _weather),
        options => options with
        {
            SliceSizeBytes = sliceSizeBytes,
            SharedCache = options.SharedCache with { Prefix = _prefix, Timeout = TimeSpan.FromMilliseconds(500) },
        });

    private async Task ExpectAsync(ProxyUnderTest proxy, string target, params string[] fields)
    {
        var answer = await proxy.GetAsync(target, fields);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), answer.Body);
    }

    private void Change(int seed)
    {
        _file.Seed = seed;
        _file.ETag = string.Create(CultureInfo.InvariantCulture, $"\"v{seed}\"");
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, seed, TimeSpan.Zero);
    }
}
