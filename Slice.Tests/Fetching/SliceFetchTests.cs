using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>One fetch and its followers: who may join, who is woken, and when the slice is given back.</summary>
public sealed class SliceFetchTests : IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
    private readonly Generation _generation;
    private readonly SliceFetch _fetch;

    public SliceFetchTests()
    {
        _generation = StoredObjects.Generation(_store, slices: 4, sliceSizeBytes: 4);
        _fetch = new SliceFetch(_generation, 1);
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Fetch_has_no_slice_until_bytes_arrive()
    {
        Assert.Equal(4, _fetch.LengthBytes);
        Assert.Equal(0, _fetch.AvailableBytes);
        Assert.False(_fetch.HasSlice);
        Assert.Throws<InvalidOperationException>(() => _fetch.Slice);
    }

    [Fact]
    public void Fetch_without_followers_asks_nobody_and_takes_none_afterwards()
    {
        Assert.False(_fetch.TryAwait());
        Assert.True(_fetch.HasEnded);
        Assert.False(_fetch.TryFollow());
        Assert.False(_fetch.TryRead());
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public void Last_follower_who_leaves_before_the_head_ends_the_fetch()
    {
        Assert.True(_fetch.TryFollow());
        Assert.True(_fetch.TryFollow());
        Assert.True(_fetch.TryAwait());
        _fetch.StopFollowing();
        Assert.False(_fetch.Abandoned.IsCancellationRequested);

        _fetch.StopFollowing();

        Assert.True(_fetch.Abandoned.IsCancellationRequested);
        Assert.False(_fetch.TryFollow());
        Assert.False(_fetch.TryRead());
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public void Fetch_whose_head_has_come_goes_on_without_followers_until_it_would_ask_again()
    {
        Assert.True(_fetch.TryFollow());
        Assert.True(_fetch.TryAwait());
        Assert.True(_fetch.TryRead());
        _fetch.StopFollowing();
        Assert.False(_fetch.Abandoned.IsCancellationRequested);
        Assert.True(_fetch.TryFollow());
        _fetch.StopFollowing();

        Assert.False(_fetch.TryAwait());
        Assert.False(_fetch.TryFollow());
    }

    [Fact]
    public void Fetch_with_an_open_response_needs_no_followers()
    {
        _fetch.Start();
        Assert.True(_fetch.TryFollow());
        _fetch.StopFollowing();
        Assert.False(_fetch.HasEnded);
    }

    [Fact]
    public void Fetch_with_an_open_response_goes_on_until_its_first_follower_has_left()
    {
        _fetch.Start();
        Assert.True(_fetch.TryAwait());
        Assert.True(_fetch.TryAwait());

        Assert.True(_fetch.TryFollow());
        _fetch.StopFollowing();
        Assert.False(_fetch.TryAwait());
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 0, true)]
    [InlineData(1, 1, false)]
    [InlineData(4, 3, true)]
    public void Wait_is_over_when_more_bytes_are_there(int availableBytes, int positionBytes, bool isOver)
    {
        _fetch.Publish(availableBytes);
        Assert.Equal(isOver, _fetch.WaitBeyondAsync(positionBytes, TestContext.Current.CancellationToken).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Everybody_who_waits_is_woken_by_bytes_and_by_the_end()
    {
        var ct = TestContext.Current.CancellationToken;
        var waits = Enumerable.Range(0, 3).Select(_ => _fetch.WaitBeyondAsync(0, ct).AsTask()).ToArray();
        _fetch.Publish(1);
        await Deadline.WithinAsync(Task.WhenAll(waits), "three followers");

        waits = [.. Enumerable.Range(0, 3).Select(_ => _fetch.WaitBeyondAsync(1, ct).AsTask())];
        _fetch.End(new Failure(FetchError.ConnectionRefused));
        await Deadline.WithinAsync(Task.WhenAll(waits), "three followers");
        Assert.Equal(FetchError.ConnectionRefused, _fetch.Failure.Error);
        Assert.True(_fetch.WaitBeyondAsync(1, ct).AsTask().IsCompletedSuccessfully);
        Assert.False(_fetch.TryFollow());
    }

    [Theory]
    [InlineData(1, 4, true)]
    [InlineData(1, 64 << 10, true)]
    [InlineData(1, (64 << 10) + 1, false)]
    [InlineData(2, 4, false)]
    public async Task Only_follower_of_a_short_slice_goes_on_on_the_thread_that_brings_it(int followers, int sliceSizeBytes, bool isSame)
    {
        var fetch = new SliceFetch(StoredObjects.Generation(_store, slices: 2, sliceSizeBytes), 1);
        Assert.All(Enumerable.Range(0, followers), _ => Assert.True(fetch.TryFollow()));
        var ct = TestContext.Current.CancellationToken;
        var waits = Enumerable.Range(0, followers).Select(_ => ThreadAfterAsync(fetch.WaitBeyondAsync(0, ct).AsTask()));
        Assert.Equal(Enumerable.Repeat(isSame, followers), await AreOnThreadOfAsync(() => fetch.Publish(1), [.. waits]));

        // Of fetches that fail together nobody waits for what another's follower does.
        waits = Enumerable.Range(0, followers).Select(_ => ThreadAfterAsync(fetch.WaitBeyondAsync(1, ct).AsTask()));
        var end = () => fetch.End(new Failure(FetchError.ConnectionRefused));
        Assert.Equal(Enumerable.Repeat(false, followers), await AreOnThreadOfAsync(end, [.. waits]));
    }

    [Fact]
    public async Task Follower_that_came_first_and_one_that_came_later_are_both_woken_once()
    {
        Assert.True(_fetch.TryFollow());
        var ct = TestContext.Current.CancellationToken;
        var first = ThreadAfterAsync(_fetch.WaitBeyondAsync(0, ct).AsTask());
        Assert.True(_fetch.TryFollow());
        var second = ThreadAfterAsync(_fetch.WaitBeyondAsync(0, ct).AsTask());

        bool hasWaiters = false;
        bool[] wereThere = await AreOnThreadOfAsync(() => hasWaiters = _fetch.Publish(1), first, second);

        Assert.True(hasWaiters);
        Assert.Equal([true, false], wereThere);
        Assert.False(_fetch.Publish(2));
    }

    [Fact]
    public async Task Follower_that_leaves_while_it_is_told_of_bytes_gives_the_slice_back_at_the_end_once()
    {
        Assert.True(_fetch.TryFollow());
        _fetch.UseSlice(await StoredObjects.FillAsync(_store, 4));
        var leaving = LeaveAsync();
        Assert.False(_fetch.Publish(1));
        Assert.True(leaving.IsCompletedSuccessfully);
        Assert.NotEqual(0, _store.UsedBytes);
        _fetch.End(Failure.None);
        Assert.Equal(0, _store.UsedBytes);

        async Task LeaveAsync()
        {
            await _fetch.WaitBeyondAsync(0, TestContext.Current.CancellationToken);
            _fetch.StopFollowing();
        }
    }

    [Fact]
    public async Task Follower_who_is_gone_stops_waiting_and_the_others_do_not()
    {
        using var leaving = new CancellationTokenSource();
        var gone = _fetch.WaitBeyondAsync(0, leaving.Token).AsTask();
        var other = _fetch.WaitBeyondAsync(0, TestContext.Current.CancellationToken).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.False(other.IsCompleted);
        _fetch.Publish(1);
        await Deadline.WithinAsync(other, "the other follower");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Slice_is_given_back_once_by_whoever_is_last(bool isEndLast)
    {
        Assert.True(_fetch.TryFollow());
        Assert.True(_fetch.TryFollow());
        _fetch.UseSlice(await StoredObjects.FillAsync(_store, 4));
        _fetch.StopFollowing();
        Assert.NotEqual(0, _store.UsedBytes);
        Action[] ends = [() => _fetch.End(Failure.None), _fetch.StopFollowing];
        ends[isEndLast ? 1 : 0]();
        Assert.NotEqual(0, _store.UsedBytes);
        ends[isEndLast ? 0 : 1]();
        Assert.Equal(0, _store.UsedBytes);
    }

    [Fact]
    public void Collapser_holds_one_fetch_per_slice_and_lets_a_new_one_replace_what_ended()
    {
        var collapser = new RequestCollapser();
        Assert.True(collapser.TryAdd(_fetch));
        Assert.False(collapser.TryAdd(new SliceFetch(_generation, 1)));
        Assert.True(collapser.TryAdd(new SliceFetch(_generation, 2)));
        Assert.True(collapser.TryAdd(new SliceFetch(StoredObjects.Generation(_store, slices: 4, sliceSizeBytes: 4), 1)));
        Assert.True(collapser.TryFollow(_generation, 1, out var joined));
        Assert.Same(_fetch, joined);
        Assert.False(collapser.TryFollow(_generation, 3, out _));

        _fetch.End(Failure.None);
        Assert.False(collapser.TryFollow(_generation, 1, out _));
        var next = new SliceFetch(_generation, 1);
        Assert.True(collapser.TryAdd(next));
        collapser.Remove(_fetch);
        Assert.True(collapser.TryFollow(_generation, 1, out joined));
        Assert.Same(next, joined);
        collapser.Remove(next);
        Assert.Equal(2, collapser.Count);
    }

    private static async Task<int> ThreadAfterAsync(Task wait)
    {
        await wait;
        return Environment.CurrentManagedThreadId;
    }

    // Which of them went on on the thread that calls.
    private static async Task<bool[]> AreOnThreadOfAsync(Action call, params Task<int>[] waits)
    {
        int thread = 0;
        var calling = new Thread(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            call();
        });
        calling.Start();
        int[] threads = await Deadline.WithinAsync(Task.WhenAll(waits), "the followers");

        // This may be that very thread by now.
        await Task.Yield();
        calling.Join();
        return [.. threads.Select(one => one == thread)];
    }
}
