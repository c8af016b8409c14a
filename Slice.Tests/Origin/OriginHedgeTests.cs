using Slice.Core.Origin;
using Slice.Net.Origin;
using Slice.Tests.Support;
using OriginRequest = Slice.Core.Origin.OriginRequest;

namespace Slice.Tests.Origin;

/// <summary>Of the sends of one subrequest the first answer counts, and the others cost nobody anything.</summary>
public sealed class OriginHedgeTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly OriginPace _pace;
    private readonly OriginHedge _hedge;
    private readonly TaskCompletionSource<OriginResult>[] _answers = [new(), new(), new()];
    private readonly List<(OriginRequest Request, bool IsAgain)> _sent = [];
    private readonly CancellationTokenSource _abandoned = new();

    public OriginHedgeTests()
    {
        _pace = new OriginPace(_time);
        _hedge = new OriginHedge(_pace, _time);
        for (int count = 0; count < 32; count++)
        {
            long begunAt = _pace.Begin();
            _time.Advance(TimeSpan.FromMilliseconds(20));
            _pace.HeadArrived(begunAt);
        }
    }

    public void Dispose() => _abandoned.Dispose();

    [Fact]
    public async Task Answer_in_time_is_the_only_one_that_is_asked_for()
    {
        var sending = SendAsync();
        _time.Advance(TimeSpan.FromMilliseconds(23));
        var answer = new FakeOriginResponse(206);
        _answers[0].SetResult(new OriginResult(answer, Failure.None));

        var result = await sending;

        Assert.Equal((answer, 0), (result.Response, result.Hedges));
        Assert.Single(_sent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Late_one_is_asked_for_again_and_the_first_answer_counts_and_the_other_is_cut(int winner)
    {
        var sending = SendAsync();
        _time.Advance(TimeSpan.FromMilliseconds(24));
        await Eventually.TrueAsync(() => _sent.Count == 2, "the second send");
        Assert.Equal([false, true], _sent.Select(static sent => sent.IsAgain));
        var answer = new FakeOriginResponse(206);
        _answers[winner].SetResult(new OriginResult(answer, Failure.None));

        var result = await Deadline.WithinAsync(sending, "the answer");

        Assert.Equal((answer, 1), (result.Response, result.Hedges));
        Assert.True(_answers[1 - winner].Task.IsCanceled);
        Assert.False(_answers[winner].Task.IsCanceled);
    }

    // Time stands still once the second is sent: whoever misses its answer waits for ever. Whether it comes between two looks for it,
    // which is what this is about, is chance.
    [Fact]
    public async Task Answer_that_comes_on_another_thread_while_it_is_looked_for_is_not_missed()
    {
        for (int round = 0; round < 1000; round++)
        {
            SaveHedges(1);
            int spins = round % 64;
            var sending = _hedge.SendAsync(
                new OriginRequest(new SubrequestTemplate("/file", null, []), null) { Abandoned = _abandoned.Token },
                async (request, isAgain) =>
                {
                    if (!isAgain)
                    {
                        await Task.Delay(Timeout.Infinite, request.Abandoned);
                    }

                    await Task.Yield();
                    Thread.SpinWait(spins);
                    return new OriginResult(new FakeOriginResponse(206), Failure.None);
                }).AsTask();
            _time.Advance(TimeSpan.FromMilliseconds(24));
            Assert.Equal(1, (await Deadline.WithinAsync(sending, "the answer")).Hedges);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_fails_waits_for_the_other(int loser)
    {
        var sending = SendAsync();
        _time.Advance(TimeSpan.FromMilliseconds(24));
        await Eventually.TrueAsync(() => _sent.Count == 2, "the second send");
        _answers[loser].SetResult(new OriginResult(null, new Failure(FetchError.ConnectionTerminated)));
        Assert.False(sending.IsCompleted);
        var answer = new FakeOriginResponse(206);
        _answers[1 - loser].SetResult(new OriginResult(answer, Failure.None));

        Assert.Same(answer, (await Deadline.WithinAsync(sending, "the answer")).Response);
    }

    [Fact]
    public async Task Both_that_fail_are_a_failure()
    {
        var sending = SendAsync();
        _time.Advance(TimeSpan.FromMilliseconds(24));
        await Eventually.TrueAsync(() => _sent.Count == 2, "the second send");
        _answers[1].SetResult(new OriginResult(null, new Failure(FetchError.ConnectionRefused)));
        _answers[0].SetResult(new OriginResult(null, new Failure(FetchError.ConnectionTerminated)));

        Assert.Equal(FetchError.ConnectionTerminated, (await Deadline.WithinAsync(sending, "the failure")).Failure.Error);
    }

    [Fact]
    public async Task Nobody_asks_again_beyond_the_share_that_is_allowed()
    {
        while (_pace.TryHedge())
        {
        }

        var sending = SendAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        _answers[0].SetResult(new OriginResult(new FakeOriginResponse(206), Failure.None));

        Assert.Equal(0, (await Deadline.WithinAsync(sending, "the answer")).Hedges);
        Assert.Single(_sent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Second_one_that_is_late_too_is_asked_for_again_and_the_third_is_the_last(int winner)
    {
        SaveHedges(2);
        var sending = SendAsync();
        for (int sends = 2; sends <= OriginHedge.MostSends; sends++)
        {
            Assert.Equal(TimeSpan.FromMilliseconds(24), await _time.RingNextAsync());
            await Eventually.TrueAsync(() => _sent.Count == sends, "another send");
        }

        SaveHedges(2);
        _time.Advance(TimeSpan.FromSeconds(10));
        _answers[winner].SetResult(new OriginResult(new FakeOriginResponse(206), Failure.None));

        Assert.Equal(2, (await Deadline.WithinAsync(sending, "the answer")).Hedges);
        Assert.Equal([false, true, true], _sent.Select(static sent => sent.IsAgain));
        Assert.Equal(
            _answers.Select((_, index) => index != winner), _answers.Select(static answer => answer.Task.IsCanceled));
    }

    [Fact]
    public async Task One_that_is_late_when_nobody_may_ask_again_is_asked_for_once_somebody_may()
    {
        while (_pace.TryHedge())
        {
        }

        // It looks less and less often.
        var sending = SendAsync();
        Assert.Equal(TimeSpan.FromMilliseconds(24), await _time.RingNextAsync());
        Assert.Equal(TimeSpan.FromMilliseconds(48), await _time.RingNextAsync());

        // Only now has the look after 48 ms found that nobody may ask.
        Assert.Equal(TimeSpan.FromMilliseconds(96), await _time.NextWaitAsync());
        Assert.Single(_sent);
        SaveHedges(1);
        _time.Advance(TimeSpan.FromMilliseconds(96));
        await Eventually.TrueAsync(() => _sent.Count == 2, "the second send");
        _answers[1].SetResult(new OriginResult(new FakeOriginResponse(206), Failure.None));

        Assert.Equal(1, (await Deadline.WithinAsync(sending, "the answer")).Hedges);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_leaves_ends_all_of_them(bool isHedged)
    {
        var sending = SendAsync();
        if (isHedged)
        {
            _time.Advance(TimeSpan.FromMilliseconds(24));
            await Eventually.TrueAsync(() => _sent.Count == 2, "the second send");
        }

        await _abandoned.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Deadline.WithinAsync(sending, "the end"));
        Assert.All(_answers.Take(_sent.Count), static answer => Assert.True(answer.Task.IsCanceled));
    }

    private void SaveHedges(int count)
    {
        for (int begun = 0; begun * OriginPace.Share < count; begun++)
        {
            _pace.Begin();
        }
    }

    private Task<OriginResult> SendAsync() => _hedge.SendAsync(
        new OriginRequest(new SubrequestTemplate("/file", null, []), null) { Abandoned = _abandoned.Token },
        (request, isAgain) =>
        {
            TaskCompletionSource<OriginResult> answer;
            lock (_sent)
            {
                answer = _answers[_sent.Count];
                _sent.Add((request, isAgain));
            }

            request.Abandoned.Register(() => answer.TrySetCanceled());

            return new ValueTask<OriginResult>(answer.Task);
        }).AsTask();
}
