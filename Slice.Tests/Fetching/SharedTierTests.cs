using System.Text;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>The place of a tier that several instances share: below the collapser, above the origin.</summary>
public sealed class SharedTierTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new();
    private readonly FakeTier _tier = new();

    public SharedTierTests() => _bed.Fetcher.SharedTier = _tier;

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Slice_that_the_tier_has_costs_the_origin_nothing_and_is_stored_here()
    {
        _tier.Slices[1] = "4567";
        var generation = _bed.Publish(FakeContent.Sixteen);

        Assert.Equal(("4567", FetchError.None), await _bed.ReadAsync(generation, 1));

        await _bed.SettledAsync(slices: 1);
        Assert.Empty(_bed.Origin.Requests);
        Assert.Empty(_tier.Offered);
    }

    [Fact]
    public async Task Slice_that_the_tier_has_not_comes_from_the_origin_and_is_offered()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        var generation = _bed.Publish(FakeContent.Sixteen);

        Assert.Equal(("0123", FetchError.None), await _bed.ReadAsync(generation, 0));

        await _bed.SettledAsync(slices: 1);
        Assert.Equal((1, 0), (_bed.Origin.Requests.Count, Assert.Single(_tier.Offered)));
    }

    [Fact]
    public async Task Clients_of_one_slice_ask_the_tier_once()
    {
        _tier.Answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var generation = _bed.Publish(FakeContent.Sixteen);
        var first = _bed.Acquire(generation, 2);
        var second = _bed.Acquire(generation, 2);
        _tier.Answer.SetResult("89ab");

        Assert.Equal("89ab", (await FetchBed.ReadAsync(first)).Text);
        Assert.Equal("89ab", (await FetchBed.ReadAsync(second)).Text);
        Assert.Equal(1, _tier.Reads);
    }

    // Read at the same time, each takes longer, and the client waits for the first.
    [Theory]
    [InlineData("0123")]
    [InlineData(null)]
    public async Task Slices_behind_the_first_are_read_once_the_first_was_looked_for(string? first)
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        _tier.Answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var generation = _bed.Publish(FakeContent.Sixteen);
        var sent = _bed.Acquire(generation, 0);
        var next = _bed.Acquire(generation, 1, behind: sent.Fetch);
        var last = _bed.Acquire(generation, 2, behind: sent.Fetch);
        Assert.Equal(1, _tier.Reads);
        _tier.Slices[1] = "4567";
        _tier.Slices[2] = "89ab";
        var answer = _tier.Answer;
        _tier.Answer = null;
        answer.SetResult(first);

        Assert.Equal("0123", (await FetchBed.ReadAsync(sent)).Text);
        Assert.Equal("4567", (await FetchBed.ReadAsync(next)).Text);
        Assert.Equal("89ab", (await FetchBed.ReadAsync(last)).Text);
        Assert.Equal(3, _tier.Reads);
        Assert.Equal(first is null ? 1 : 0, _bed.Origin.Requests.Count);
    }

    [Fact]
    public async Task Beginning_of_a_slice_is_sent_before_the_rest_has_come()
    {
        _tier.Slices[1] = "45";
        _tier.Rest = new TaskCompletionSource<TierSlice>(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = _bed.Acquire(_bed.Publish(FakeContent.Sixteen), 1);
        var fetch = source.Fetch!;
        await fetch.WaitBeyondAsync(0, TestContext.Current.CancellationToken);
        Assert.Equal(2, fetch.AvailableBytes);
        Assert.False(_tier.Beginning.IsGivenBack);
        var memory = new CountedMemory();
        _tier.Rest.SetResult(new TierSlice("67"u8.ToArray(), memory, null));

        Assert.Equal(("4567", FetchError.None), await FetchBed.ReadAsync(source));
        await _bed.SettledAsync(slices: 1);
        Assert.Empty(_bed.Origin.Requests);
        Assert.True(_tier.Beginning.IsGivenBack);
        Assert.True(memory.IsGivenBack);
    }

    [Theory]
    [InlineData("")]
    [InlineData("6")]
    [InlineData("678")]
    public async Task Rest_that_the_tier_does_not_give_is_asked_of_the_origin(string rest)
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        _tier.Slices[1] = "45";
        var memory = new CountedMemory();
        _tier.SetRest(new TierSlice(Encoding.Latin1.GetBytes(rest), memory, null));

        Assert.Equal(("4567", FetchError.None), await _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 1));

        await _bed.SettledAsync(slices: 1);
        Assert.Equal(new ByteRange(6, 8), Assert.Single(_bed.Origin.Requests).Range);
        Assert.True(_tier.Beginning.IsGivenBack);
        Assert.True(memory.IsGivenBack);
    }

    // Of several instances one asks the origin for what all of them miss, here too.
    [Fact]
    public async Task Rest_that_is_missing_comes_from_another_instance_or_is_asked_for_in_turn()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        _tier.Slices[1] = "45";
        _tier.SetRest(new TierSlice(default, null, null) { IsMissing = true });
        _tier.Followed = "4567";
        var generation = _bed.Publish(FakeContent.Sixteen);
        Assert.Equal(("4567", FetchError.None), await _bed.ReadAsync(generation, 1));
        await _bed.SettledAsync(slices: 1);
        Assert.Empty(_bed.Origin.Requests);

        var ended = new List<bool>();
        _tier.Followed = null;
        _tier.Turn = new TierTurn(ended.Add);
        _tier.Slices[2] = "89";
        Assert.Equal(("89ab", FetchError.None), await _bed.ReadAsync(generation, 2));
        await _bed.SettledAsync(slices: 2);
        Assert.Equal(new ByteRange(10, 12), Assert.Single(_bed.Origin.Requests).Range);
        Assert.Equal([2], _tier.Offered);
        Assert.Equal([true], ended);
    }

    [Fact]
    public async Task Slice_of_another_instance_that_begins_otherwise_is_not_put_behind_the_beginning()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        _tier.Slices[1] = "45";
        _tier.SetRest(new TierSlice(default, null, null) { IsMissing = true });
        _tier.Followed = "4X99";

        Assert.Equal(("4567", FetchError.None), await _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen), 1));
        Assert.Equal(new ByteRange(6, 8), Assert.Single(_bed.Origin.Requests).Range);
    }

    [Fact]
    public async Task Store_without_room_for_a_beginning_does_not_wait_for_the_rest()
    {
        var store = SliceStore.CreateInMemory(ExtentAllocator.UnitBytes, TimeProvider.System, overflowBytes: 0);
        await using var bed = new FetchBed(store: store);
        bed.Fetcher.SharedTier = _tier;
        var held = await bed.Store.ReserveAsync(1);
        bed.Origin.Answer = FakeContent.Sixteen.Result;
        _tier.Slices[1] = "45";
        _tier.Rest = new TaskCompletionSource<TierSlice>();

        Assert.Equal(("", FetchError.StoreFull), await bed.ReadAsync(bed.Publish(FakeContent.Sixteen), 1));

        held!.Slice.Release();
        Assert.True(_tier.Beginning.IsGivenBack);
    }

    [Fact]
    public async Task Only_the_slice_that_is_sent_next_comes_in_parts()
    {
        _tier.Slices[0] = "0123";
        _tier.Slices[1] = "4567";
        var generation = _bed.Publish(FakeContent.Sixteen);
        var sent = _bed.Acquire(generation, 0);
        var next = _bed.Acquire(generation, 1, behind: sent.Fetch);

        Assert.Equal("0123", (await FetchBed.ReadAsync(sent)).Text);
        Assert.Equal("4567", (await FetchBed.ReadAsync(next)).Text);

        Assert.Equal([0], _tier.NextOnes);
    }

    // Nobody knows what was removed between its request and its coming.
    [Fact]
    public async Task Slice_of_a_generation_that_was_asked_for_without_the_tier_neither_comes_from_there_nor_goes_there()
    {
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        _tier.Slices[1] = "XXXX";
        var generation = _bed.Publish(FakeContent.Sixteen);
        generation.TierMark = null;

        Assert.Equal(("4567", FetchError.None), await _bed.ReadAsync(generation, 1));

        await _bed.SettledAsync(slices: 1);
        Assert.Empty(_tier.Offered);
    }

    [Fact]
    public async Task Slice_of_one_client_neither_comes_from_the_tier_nor_goes_there()
    {
        _tier.Slices[0] = "none";
        _bed.Origin.Answer = FakeContent.Sixteen.Result;

        Assert.Equal("0123", (await _bed.ReadAsync(_bed.Publish(FakeContent.Sixteen, isShared: false), 0)).Text);

        Assert.Equal(0, _tier.Reads);
        Assert.Empty(_tier.Offered);
    }

    private sealed class CountedMemory : IDisposable
    {
        public bool IsGivenBack { get; private set; }

        public void Dispose() => IsGivenBack = true;
    }

    private sealed class FakeTier : ISharedTier
    {
        public bool IsUp => true;

        public Dictionary<int, string> Slices { get; } = [];

        public TaskCompletionSource<string?>? Answer { get; set; }

        public List<int> Offered { get; } = [];

        public int Reads { get; private set; }

        public List<int> NextOnes { get; } = [];

        public TaskCompletionSource<TierSlice>? Rest { get; set; }

        public CountedMemory Beginning { get; } = new();

        public string? Followed { get; set; }

        public void SetRest(TierSlice rest)
        {
            Rest = new TaskCompletionSource<TierSlice>();
            Rest.SetResult(rest);
        }

        public TierTurn? Turn { get; set; }

        public ValueTask<TierObjects?> FindAsync(CacheKey key, CancellationToken ct) => ValueTask.FromResult<TierObjects?>(null);

        public async ValueTask<TierSlice> ReadAsync(Generation generation, int sliceIndex, bool isNext, CancellationToken ct)
        {
            Reads++;
            if (isNext)
            {
                NextOnes.Add(sliceIndex);
            }

            string? text = Answer is null ? Slices.GetValueOrDefault(sliceIndex) : await Answer.Task.WaitAsync(ct);
            return new TierSlice(text is null ? default : Encoding.Latin1.GetBytes(text), Beginning, null)
            {
                IsMissing = text is null,
                Rest = Rest?.Task.WaitAsync(ct),
            };
        }

        public ValueTask<TierSlice> FollowAsync(Generation generation, int sliceIndex, CancellationToken ct) =>
            ValueTask.FromResult(new TierSlice(Followed is null ? default : Encoding.Latin1.GetBytes(Followed), null, Turn));

        public void Offer(Generation generation, TierTurn? turn) => turn?.End(isFilled: false);

        public void Offer(Generation generation, int sliceIndex, bool isWithHead, TierTurn? turn)
        {
            Offered.Add(sliceIndex);
            turn?.End(isFilled: true);
        }

        public void Changed(Generation old, Generation? successor)
        {
        }

        public void OfferStored(Generation generation)
        {
        }

        public void LearnedAlone(Generation generation)
        {
        }

        public void Removed(ReadOnlySpan<byte> key)
        {
        }
    }
}
