using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Control;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary><c>pingora-slice inspect</c> with a configuration that has a shared cache, which several instances have filled.</summary>
public sealed class InspectSharedCacheTests : IAsyncDisposable
{
    // What is in the directory of this machine is nothing to these tests.
    private static readonly SliceOptions s_inMemory = new() { Store = new CacheStoreOptions { OnDisk = false } };

    private readonly MemoryKeyValueServer _server = new();
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };
    private readonly ScriptedOrigin _origin;
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public InspectSharedCacheTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        await _output.DisposeAsync();
        await _error.DisposeAsync();
    }

    [Fact]
    public async Task Store_and_instances_are_shown_with_what_they_have_heard()
    {
        await using var fleet = await StartAsync(2);
        await Eventually.TrueAsync(
            async () =>
            {
                _output.GetStringBuilder().Clear();
                Assert.Equal(0, await RunAsync(fleet[0], null));
                return _output.ToString().Split("127.0.0.1:0: has heard everything").Length == 3;
            },
            () => _output.ToString());

        string[] lines = _output.ToString().Split('\n');
        Assert.Equal("shared     memory", lines[0]);
        Assert.Equal(fleet[0].Composition.Tier!.Names.Realm, lines[1].Split(' ', ',').First(word => word.Length == 8));
        Assert.Contains("state      a test's memory", lines);
        Assert.Contains("instances  2", lines);
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public async Task Object_is_found_as_instances_find_it()
    {
        await using var fleet = await StartAsync(1);
        await FillAsync(fleet[0], slices: 4);

        Assert.Equal(0, await RunAsync(fleet[0], "/x/../file", json: true));

        var found = Found();
        Assert.Equal(("/file", "valid"), (found.GetProperty("key").GetString(), found.GetProperty("state").GetString()));
        var variant = Assert.Single(found.GetProperty("variants").EnumerateArray());
        Assert.Equal(
            [200L, 16, 4, 4, 4, 4],
            ((string[])["status", "complete_length", "slice_size", "slices_total", "slices_looked_at", "slices_there"])
                .Select(name => variant.GetProperty(name).GetInt64()));
        Assert.Equal(_file.ETag, variant.GetProperty("etag").GetString());
        Assert.InRange(variant.GetProperty("fresh_for_seconds").GetInt64(), 500, 600);
    }

    [Fact]
    public async Task Slices_that_the_store_has_forgotten_are_not_counted()
    {
        await using var fleet = await StartAsync(1);
        await FillAsync(fleet[0], slices: 4);
        _server.Forget(static key => key.EndsWith(":1", StringComparison.Ordinal) || key.EndsWith(":3", StringComparison.Ordinal));

        Assert.Equal(0, await RunAsync(fleet[0], "/file"));

        Assert.Contains("record     valid", _output.ToString(), StringComparison.Ordinal);
        Assert.Matches(@" 200 +16 B +2/4 +\d+s +(9m 5\d|10m 0)s +""", _output.ToString());
    }

    [Fact]
    public async Task Of_many_slices_some_all_over_the_object_are_looked_at()
    {
        _file.LengthBytes = 1200;
        await using var fleet = await StartAsync(1);
        await FillAsync(fleet[0], slices: 300);
        _server.Forget(static key => key.EndsWith(":299", StringComparison.Ordinal) || key.EndsWith(":0", StringComparison.Ordinal));

        Assert.Equal(0, await RunAsync(fleet[0], "/file", json: true));

        var variant = Found().GetProperty("variants")[0];
        Assert.Equal(300, variant.GetProperty("slices_total").GetInt32());
        Assert.Equal(TierInspection.MostSlices, variant.GetProperty("slices_looked_at").GetInt32());
        Assert.Equal(TierInspection.MostSlices - 1, variant.GetProperty("slices_there").GetInt32());
    }

    // By a writer who was slow: a PURGE takes the record away.
    [Theory]
    [InlineData("/file", "", "it was removed since")]
    [InlineData("/file", "X-Purge-Soft: 1", "it was changed, or purged softly, since")]
    [InlineData("/fi", "X-Purge-Pattern: prefix", "it was purged since")]
    public async Task Object_that_was_purged_is_outdated(string target, string field, string reason)
    {
        await using var fleet = await StartAsync(1);
        await FillAsync(fleet[0], slices: 4);
        await using var store = _server.Open();
        string name = fleet[0].Composition.Tier!.Names.ObjectOf("/file"u8);
        using var record = await store.GetAsync(name, TestContext.Current.CancellationToken);
        Assert.Equal(200, (await fleet[0].PurgeAsync(target, field.Length == 0 ? [] : [field])).StatusCode);
        await store.SetAsync(name, record!.Bytes, record.Remaining, TestContext.Current.CancellationToken);

        Assert.Equal(0, await RunAsync(fleet[0], "/file"));

        Assert.Contains($"record     outdated: {reason}; not used", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_that_was_damaged_makes_the_exit_code()
    {
        _server.Damage = static (key, bytes) =>
        {
            bytes[^1] ^= key.Contains("o:", StringComparison.Ordinal) ? (byte)1 : (byte)0;
            return bytes;
        };
        await using var fleet = await StartAsync(1);
        await FillAsync(fleet[0], slices: 4);

        Assert.Equal(2, await RunAsync(fleet[0], "/file"));

        Assert.Contains("record     damaged", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_that_is_not_there_is_no_failure()
    {
        await using var fleet = await StartAsync(1);

        Assert.Equal(0, await RunAsync(fleet[0], "/nothing"));

        Assert.Contains("record     not there", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_changed_by_looking()
    {
        var fleet = await StartAsync(1);
        await FillAsync(fleet[0], slices: 4);
        var options = fleet[0].Composition.Settings.Current.Options;
        await fleet.DisposeAsync();
        _server.Operations.Clear();
        string[] before = _server.Keys;

        Assert.Equal(0, await RunAsync(options, "/file"));

        Assert.NotEmpty(_server.Operations);
        Assert.All(_server.Operations, operation => Assert.Contains(operation.Split(' ')[0], (string[])["describe", "read", "get"]));
        Assert.Equal(before.Order(), _server.Keys.Order());
        Assert.Contains("instances  0", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("record     valid", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_that_is_away_is_told_and_makes_the_exit_code()
    {
        _server.IsAway = true;

        Assert.Equal(1, await RunAsync(s_inMemory, "/file", json: true));

        using var document = JsonDocument.Parse(_output.ToString());
        var shared = document.RootElement.GetProperty("shared_cache");
        Assert.False(shared.GetProperty("reached").GetBoolean());
        Assert.Equal("the server of the test is away", shared.GetProperty("problem").GetString());
        Assert.Contains("memory, cannot be read: the server of the test is away", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_that_says_nothing_is_given_up_after_two_seconds()
    {
        var time = new FakeTimeProvider();
        _server.IsSilent = true;
        var running = RunAsync(s_inMemory, null, time: time);
        await Eventually.TrueAsync(() => !_server.Operations.IsEmpty, () => "the store to be asked");

        time.Advance(TierInspection.Deadline);

        Assert.Equal(1, await Deadline.WithinAsync(running, "the command ends"));
        Assert.Contains("state      no answer within 15s", _output.ToString(), StringComparison.Ordinal);
    }

    // Root looks, and the directory is to be the service's.
    [Fact]
    public async Task Empty_directory_of_a_shared_cache_stays_empty()
    {
        using var directory = new TestDirectory("inspect-empty");
        var shared = new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = directory.Path };
        await using var store = SharedTierFactory.OpenToLook(shared, TimeProvider.System)!;

        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(
            async () => await store.DescribeAsync(TestContext.Current.CancellationToken));
        Assert.Contains("is not a shared cache yet: no instance has used it", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(directory.Path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(null)]
    public async Task Directory_and_shared_cache_are_one_document(bool? onDisk)
    {
        using var directory = new TestDirectory("inspect-shared");
        StoredObjects.OpenStore(directory.Path, 1 << 20, TimeProvider.System).Dispose();
        var options = new SliceOptions { Store = new CacheStoreOptions { OnDisk = onDisk, Directory = directory.Path } };

        Assert.Equal(0, await RunAsync(options, null, json: true));
        using var document = JsonDocument.Parse(_output.ToString());
        Assert.Equal(directory.Path, document.RootElement.GetProperty("directory").GetString());
        Assert.Equal("memory", document.RootElement.GetProperty("shared_cache").GetProperty("store").GetString());

        _output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync(options, null));
        Assert.StartsWith($"directory  {directory.Path}\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("\n\nshared     memory\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directory_that_cannot_be_read_leaves_the_shared_cache_to_be_seen()
    {
        using var directory = new TestDirectory("inspect-shared");
        var options = new SliceOptions { Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path } };

        Assert.Equal(1, await RunAsync(options, null));

        Assert.Contains("does not exist", _error.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("shared     memory\n", _output.ToString(), StringComparison.Ordinal);
    }

    // Three commands on one configuration: --port 8080, --port 8081, --port 18082.
    [Theory]
    [InlineData(0, true, false, false)]
    [InlineData(1, true, true, false)]
    [InlineData(1, true, false, true)]
    [InlineData(1, false, false, false)]
    public async Task Caches_of_instances_below_the_directory_leave_the_exit_code_to_the_shared_cache(
        int expected, bool hasShared, bool isAway, bool verifies)
    {
        using var directory = new TestDirectory("inspect-ports");
        foreach (string name in new[] { "port-18082", "port-8081", "port-8080" })
        {
            StoredObjects.OpenStore(Directory.CreateDirectory(directory.Combine(name)).FullName, 1 << 20, TimeProvider.System).Dispose();
        }

        Directory.CreateDirectory(directory.Combine("port-8079"));
        _server.IsAway = isAway;
        var options = new SliceOptions { Store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path } };

        Assert.Equal(expected, await RunAsync(options, null, hasShared: hasShared, verifies: verifies));

        Assert.StartsWith(
            $"pingora-slice: no cache in {directory.Path} itself, but below it; to see that of an instance: --port 8080, --port 8081, "
                + "--port 18082\n",
            _error.ToString(),
            StringComparison.Ordinal);
        Assert.Equal(hasShared ? "shared     memory" : "", _output.ToString().Split('\n')[0]);
    }

    [Fact]
    public async Task Host_must_be_named_where_hosts_are_told_apart()
    {
        await using var fleet = await StartAsync(1, static options => options with { ForwardHost = true });
        await FillAsync(fleet[0], slices: 4);

        Assert.Equal(1, await RunAsync(fleet[0], "/file"));
        Assert.Contains("name a whole URL", _error.ToString(), StringComparison.Ordinal);

        _output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync(fleet[0], "http://TEST.example:80/file"));
        Assert.Contains("record     valid", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/file", "has no shared_cache")]
    [InlineData(null, "nothing to look into")]
    public async Task Configuration_without_a_cache_to_look_into_is_told(string? url, string expected)
    {
        Assert.Equal(1, await RunAsync(s_inMemory, url, hasShared: false));

        Assert.Contains(expected, _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_output.ToString());
    }

    private Task<Fleet> StartAsync(int count, Func<SliceOptions, SliceOptions>? configure = null) =>
        Fleet.StartAsync(_origin.Uri, count, () => _server.Open(), configure);

    private async Task FillAsync(ProxyUnderTest proxy, int slices)
    {
        Assert.Equal(200, (await proxy.GetAsync("/file")).StatusCode);
        await Eventually.TrueAsync(
            () => proxy.Composition.Tier!.Meter.Writes.Read().Sum(static write => write.Value) == slices + 1,
            () => "the tier has " + string.Join(' ', _server.Keys));
    }

    private JsonElement Found() => JsonDocument.Parse(_output.ToString()).RootElement.GetProperty("shared_cache").GetProperty("object");

    private Task<int> RunAsync(ProxyUnderTest proxy, string? url, bool json = false) =>
        RunAsync(proxy.Composition.Settings.Current.Options with { Store = s_inMemory.Store }, url, json);

    private Task<int> RunAsync(
        SliceOptions options, string? url, bool json = false, bool hasShared = true, TimeProvider? time = null, bool verifies = false)
    {
        var runner = new InspectCommandRunner(
            _ => new LoadedConfiguration(options, [], [], []),
            (_, _) => hasShared ? _server.Open() : null,
            time ?? TimeProvider.System);
        var request = url is null ? null : RequestUrl.TryParse(url, out var parsed) ? parsed : throw new ArgumentException(url);
        var command = new InspectCommand(null, new ConfigurationRequest(), request, json, verifies, InspectCommand.DefaultLimit);
        return runner.RunAsync(command, _output, _error, isTerminal: false, TestContext.Current.CancellationToken);
    }
}
