using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>Several clients ask for one unknown object at once: what they may share, and what belongs to one of them.</summary>
public sealed class ObjectFetcherSharingTests : IAsyncDisposable
{
    private static readonly SubrequestTemplate s_anna = new("/file", null, [new("Authorization", "Basic anna")]);
    private static readonly SubrequestTemplate s_bert = new("/file", null, []);

    private readonly FetchBed _bed = new();
    private readonly CancellationTokenSource _annaLeaves = new();

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        _annaLeaves.Dispose();
    }

    [Fact]
    public async Task Answer_to_credentials_never_goes_to_another_client()
    {
        var anna = AnnaAsync(s_anna, RequestSharing.Own);
        var forAnna = await _bed.Origin.NextAsync();
        var bert = BertAsync();
        forAnna.RespondWhole(FakeContent.Sixteen with { Text = "annas own secret" });
        var forBert = await _bed.Origin.NextAsync();
        forBert.RespondWhole(FakeContent.Sixteen);

        Assert.Same(s_anna, forAnna.Request.Template);
        Assert.Same(s_bert, forBert.Request.Template);
        Assert.Equal("anna", (await _bed.ReadAsync((await anna).AsFound().Generation, 0)).Text);
        Assert.Equal("0123", (await _bed.ReadAsync((await bert).AsFound().Generation, 0)).Text);
    }

    [Fact]
    public async Task Answer_to_credentials_is_discarded_when_its_client_has_left()
    {
        var anna = AnnaAsync(s_anna, RequestSharing.Own);
        var forAnna = await _bed.Origin.NextAsync();
        var bert = BertAsync();
        await _annaLeaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => anna);

        forAnna.RespondWhole(FakeContent.Sixteen with { Text = "annas own secret" });
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);

        Assert.Equal("0123", (await _bed.ReadAsync((await bert).AsFound().Generation, 0)).Text);
        await _bed.SettledAsync(slices: 1);
    }

    [Fact]
    public async Task Answer_passed_on_goes_to_the_client_that_asked()
    {
        var anna = AnnaAsync(s_anna);
        var forAnna = await _bed.Origin.NextAsync();
        var bert = BertAsync();
        var annas = forAnna.Respond(new FakeOriginResponse(404, "Cache-Control: no-store"));
        var berts = (await _bed.Origin.NextAsync()).Respond(new FakeOriginResponse(404, "Cache-Control: no-store"));

        Assert.Same(annas, (await anna).AsAnswered().Response);
        Assert.Same(berts, (await bert).AsAnswered().Response);
    }

    [Fact]
    public void Answer_that_comes_when_nobody_is_left_is_discarded()
    {
        List<ObjectFetchResult> discarded = [];
        var fetch = new ObjectFetch(_bed.Settings, discarded.Add);
        Assert.True(fetch.TryFollow());
        fetch.StopFollowing();
        Assert.True(fetch.Abandoned.IsCancellationRequested);
        Assert.False(fetch.TryFollow());

        var result = new ObjectFetchResult.Failed(new Failure(FetchError.Abandoned));
        fetch.Complete(result);

        Assert.Same(result, Assert.Single(discarded));
    }

    [Fact]
    public async Task Client_that_asked_goes_on_on_the_thread_that_brings_the_object_and_the_others_on_their_own()
    {
        var fetch = new ObjectFetch(_bed.Settings, static _ => { });
        Assert.True(fetch.TryFollow());
        Assert.True(fetch.TryFollow());
        var anna = ThreadAfterAsync(fetch.Result);
        var bert = ThreadAfterAsync(fetch.Shared);
        int thread = 0;
        var bringing = new Thread(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            fetch.Complete(new ObjectFetchResult.Failed(new Failure(FetchError.Abandoned)));
        });
        bringing.Start();
        int[] threads = await Deadline.WithinAsync(Task.WhenAll(anna, bert), "both clients");

        // This may be that very thread by now.
        await Task.Yield();
        bringing.Join();

        Assert.Equal([true, false], threads.Select(one => one == thread));

        static async Task<int> ThreadAfterAsync(Task wait)
        {
            await wait;
            return Environment.CurrentManagedThreadId;
        }
    }

    [Fact]
    public async Task Client_that_leaves_does_not_end_the_object_fetch_of_the_others()
    {
        var anna = AnnaAsync(s_bert);
        var exchange = await _bed.Origin.NextAsync();
        var bert = BertAsync();
        await _annaLeaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => anna);
        exchange.RespondWhole(FakeContent.Sixteen);
        Assert.IsType<ObjectFetchResult.Found>((await bert));
        Assert.Single(_bed.Origin.Requests);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Object_fetch_that_everybody_left_before_the_head_ends_and_the_next_client_asks_anew()
    {
        var anna = AnnaAsync(s_bert);
        await _bed.Origin.NextAsync();
        await _annaLeaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => anna);
        await _bed.SettledAsync(slices: 0);
        Assert.Equal(0, _bed.Meter.FailedSubrequests.Value);

        var bert = BertAsync();
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);
        Assert.IsType<ObjectFetchResult.Found>(await bert);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Object_fetch_that_everybody_left_is_not_repeated()
    {
        var anna = AnnaAsync(s_bert);
        (await _bed.Origin.NextAsync()).Fail(FetchError.ConnectionRefused);
        await Eventually.TrueAsync(() => _bed.Gate.Free == FetchBed.GateLimit, "the permit to be back");

        await _annaLeaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => anna);
        await Eventually.TrueAsync(() => _bed.Meter.FailedSubrequests.Value == 1, "the fetch to end");
        Assert.Single(_bed.Origin.Requests);
    }

    // The origin ended the connection on Anna's request: Bert does not wait for her repeats, and what he brings is there for her.
    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task Clients_behind_one_whose_try_failed_go_on_at_once_and_the_repeat_finds_what_they_brought()
    {
        var anna = AnnaAsync(s_bert);
        var forAnna = await _bed.Origin.NextAsync();
        Task<ObjectFetchResult>[] others = [BertAsync(), BertAsync(), BertAsync()];
        forAnna.Fail(FetchError.ConnectionTerminated);
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);
        var generations = (await Task.WhenAll(others)).Select(result => result.AsFound().Generation).Distinct();

        Assert.False(anna.IsCompleted);
        await _bed.Time.RingNextAsync();

        Assert.Same(Assert.Single(generations), (await anna).AsFound().Generation);
        Assert.Equal(2, _bed.Origin.Requests.Count);
    }

    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task Failure_that_is_not_the_clients_keeps_the_others_waiting_for_the_repeat()
    {
        var anna = AnnaAsync(s_bert);
        var forAnna = await _bed.Origin.NextAsync();
        var bert = BertAsync();
        forAnna.Fail(FetchError.ConnectionRefused);
        await _bed.Time.RingNextAsync();
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);

        Assert.Same((await anna).AsFound().Generation, (await bert).AsFound().Generation);
        Assert.Equal(2, _bed.Origin.Requests.Count);
    }

    // The fields of a client that has left belong to the next request on its connection.
    [Fact]
    public void Fields_of_a_client_that_has_left_are_not_looked_at()
    {
        int looks = 0;
        var fetch = new ObjectFetch(_bed.Settings, static _ => { })
        {
            GiveUpPlace = static () => { },
            LookAgain = () =>
            {
                looks++;
                return null;
            },
        };
        Assert.True(fetch.TryFollow());
        Assert.True(fetch.TryFollow());
        fetch.FindNewer();
        Assert.Equal(0, looks);
        fetch.LetOthersGo();
        fetch.FindNewer();
        Assert.Equal(1, looks);

        fetch.StopFollowing(isOwner: true);
        fetch.FindNewer();
        Assert.Equal(1, looks);
    }

    // Anna asks for bytes past the end, Bert for the beginning: only Anna is to be told that there are none.
    [Theory]
    [InlineData(0)]
    [InlineData(null)]
    public async Task Range_of_one_client_that_cannot_be_satisfied_says_nothing_about_anothers(int? firstSliceIndex)
    {
        var anna = AnnaAsync(s_bert, firstSliceIndex: 9);
        var forAnna = await _bed.Origin.NextAsync();
        var bert = BertAsync(firstSliceIndex: firstSliceIndex);
        forAnna.Respond(new FakeOriginResponse(416, "Content-Range: bytes */16"));
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);

        Assert.IsType<ObjectFetchResult.Unsatisfiable>((await anna));
        Assert.IsType<ObjectFetchResult.Found>((await bert));
    }

    [Fact]
    public async Task Clients_behind_a_range_that_cannot_be_satisfied_share_the_next_object_fetch()
    {
        var anna = AnnaAsync(s_bert, firstSliceIndex: 9);
        var forAnna = await _bed.Origin.NextAsync();
        var others = Enumerable.Range(0, 20).Select(_ => BertAsync()).ToArray();
        var alike = BertAsync(firstSliceIndex: 4);
        forAnna.Respond(new FakeOriginResponse(416, "Content-Range: bytes */16"));
        (await _bed.Origin.NextAsync()).RespondWhole(FakeContent.Sixteen);

        var outcomes = await Deadline.WithinAsync(Task.WhenAll(others), "twenty lessons");

        Assert.Single(outcomes.Select(outcome => outcome.AsFound().Generation).Distinct());
        Assert.IsType<ObjectFetchResult.Unsatisfiable>((await anna));
        Assert.IsType<ObjectFetchResult.Unsatisfiable>((await alike));
        Assert.Equal(2, _bed.Origin.Requests.Count);
    }

    // A reload between two clients: the old origin may be the very one that the operator wants to get away from.
    [Fact]
    public async Task Client_under_new_settings_does_not_follow_the_fetch_of_the_old_ones()
    {
        var renewed = new FetchSettings
        {
            Origin = _bed.Settings.Origin,
            Grid = _bed.Settings.Grid,
            Retries = _bed.Settings.Retries,
            Reader = _bed.Settings.Reader,
            QueueTimeout = _bed.Settings.QueueTimeout,
        };
        var before = BertAsync();
        var underOld = await _bed.Origin.NextAsync();
        var after = FetchAsync(RequestUnder(renewed), TestContext.Current.CancellationToken);
        var underNew = await _bed.Origin.NextAsync();
        var follower = FetchAsync(RequestUnder(renewed), TestContext.Current.CancellationToken);
        underNew.RespondWhole(FakeContent.Sixteen);

        Assert.Same((await after).AsFound().Generation, (await follower).AsFound().Generation);
        Assert.False(before.IsCompleted);
        underOld.Fail(FetchError.ConnectionRefused);
        underOld = await RetriedAsync();
        underOld.RespondWhole(FakeContent.Sixteen);
        Assert.IsType<ObjectFetchResult.Found>(await before);
        Assert.Equal(3, _bed.Origin.Requests.Count);

        ObjectFetchRequest RequestUnder(FetchSettings settings) => new(
            StoredObjects.Key(), new FetchContext(s_bert, settings), FirstSliceIndex: 0, Stale: null, RequestSharing.Allowed);

        async Task<FakeOriginExchange> RetriedAsync()
        {
            await _bed.Time.RingNextAsync();
            return await _bed.Origin.NextAsync();
        }
    }

    private Task<ObjectFetchResult> AnnaAsync(
        SubrequestTemplate template, RequestSharing sharing = RequestSharing.Allowed, int? firstSliceIndex = 0) =>
        FetchAsync(
            new ObjectFetchRequest(StoredObjects.Key(), new FetchContext(template, _bed.Settings), firstSliceIndex, Stale: null, sharing),
            _annaLeaves.Token);

    private Task<ObjectFetchResult> BertAsync(int? firstSliceIndex = 0) =>
        FetchAsync(
            new ObjectFetchRequest(
                StoredObjects.Key(),
                new FetchContext(s_bert, _bed.Settings),
                firstSliceIndex,
                Stale: null,
                Sharing: RequestSharing.Allowed),
            TestContext.Current.CancellationToken);

    private Task<ObjectFetchResult> FetchAsync(ObjectFetchRequest request, CancellationToken ct) =>
        Deadline.WithinAsync(_bed.Objects.FetchAsync(request, new FieldTable(), mayWait: true, ct).AsTask(), "the fetch of the object");
}
