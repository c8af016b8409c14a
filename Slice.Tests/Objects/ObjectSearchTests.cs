using Microsoft.Extensions.Time.Testing;
using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

/// <summary>Stored objects by a part of their path.</summary>
public sealed class ObjectSearchTests : IDisposable
{
    private const int SliceBytes = 16;

    private static readonly TimeSpan s_long = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new();
    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
    private readonly ObjectIndex _index = new();

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("/releases", "/releases/a", "/releases/b")]
    [InlineData("/b", "/releases/b", "/videos/b")]
    [InlineData("", "/releases/a", "/releases/b", "/videos/b")]
    [InlineData("/B")]
    [InlineData("0123456789abcdef")]
    public void Objects_are_found_by_a_part_of_host_and_target(string part, params string[] paths)
    {
        Publish("/releases/a", "/releases/b", "/videos/b 0123456789abcdef0123456789abcdef");

        var found = Find(part, maxFound: 10);

        Assert.True(found.IsComplete);
        Assert.Equal(3, found.Looked);
        Assert.Equal(paths, found.Objects.Select(item => item.Key.ToString().Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Object_is_described_as_it_is_stored()
    {
        var generation = StoredObjects.Generation(_store, slices: 3, SliceBytes, target: "/a");
        _index.Publish(generation);
        await StoredObjects.AddAsync(_store, generation, sliceIndex: 1);

        var item = Assert.Single(Find("/a", maxFound: 10).Objects);

        Assert.Equal(
            new FoundObject(generation.Key, 3 * SliceBytes, StoredSlices: 1, Slices: 3, generation.Response.Freshness, Status: 200), item);
    }

    [Fact]
    public void No_more_are_found_than_asked_for_and_the_answer_says_so()
    {
        Publish([.. Enumerable.Range(0, 10).Select(number => $"/{number}")]);

        var some = Find("/", maxFound: 4);

        Assert.Equal((4, 4, false), (some.Objects.Count, some.Looked, some.IsComplete));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Search_ends_when_its_time_is_over_or_nobody_waits(bool isTimeOver)
    {
        Publish([.. Enumerable.Range(0, 5000).Select(number => $"/{number}")]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        var found = new ObjectSearch(_index, _time).Find(
            "nowhere"u8, maxFound: 10, isTimeOver ? TimeSpan.Zero : s_long, isTimeOver ? CancellationToken.None : cancelled.Token);

        Assert.False(found.IsComplete);
        Assert.InRange(found.Looked, 1, 2000);
    }

    private FoundObjects Find(string part, int maxFound) =>
        new ObjectSearch(_index, _time).Find(Wire.Bytes(part), maxFound, s_long, CancellationToken.None);

    private void Publish(params string[] targets)
    {
        foreach (string target in targets)
        {
            _index.Publish(StoredObjects.Generation(_store, slices: 1, SliceBytes, target: target));
        }
    }
}
