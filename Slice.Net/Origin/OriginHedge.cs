using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Asks once more where the response head is late, and once more where that answer is late as well, of other addresses if there are any:
/// the first to answer wins, the others are cut. Thread-safe.
/// </summary>
/// <param name="pace">How fast the origin answers.</param>
/// <param name="time">The clock.</param>
internal sealed class OriginHedge(OriginPace pace, TimeProvider time)
{
    /// <summary>
    /// Sends of one request at most. Where one answer in a hundred is stuck, two of one request are stuck in one download of a hundred that
    /// have a hundred slices; three in one of ten thousand.
    /// </summary>
    public const int MostSends = 3;

    private static readonly TimeSpan s_longestLook = TimeSpan.FromSeconds(1);

    /// <summary>Sends a request, and again when it is late.</summary>
    /// <param name="request">The request.</param>
    /// <param name="send">
    /// Sends it; whether this is not the first send of it. Told by its token when nobody wants the answer any more.
    /// </param>
    /// <exception cref="OperationCanceledException">What <paramref name="send"/> has thrown.</exception>
    public async ValueTask<OriginResult> SendAsync(OriginRequest request, Func<OriginRequest, bool, ValueTask<OriginResult>> send)
    {
        long begunAt = pace.Begin();
        var limit = pace.HeadLimit;
        if (limit == Timeout.InfiniteTimeSpan)
        {
            var only = await send(request, false);
            Note(only, begunAt);
            return only;
        }

        var first = new Send(request, send, isAgain: false, begunAt);
        if (!await HasEndedWithinAsync(first.Answer, limit))
        {
            return await SendAgainAsync(first, limit, request, send);
        }

        await first.EndAsync(isWanted: true);
        var result = await first.Answer;
        Note(result, begunAt);
        return result;
    }

    private async ValueTask<OriginResult> SendAgainAsync(
        Send late, TimeSpan waited, OriginRequest request, Func<OriginRequest, bool, ValueTask<OriginResult>> send)
    {
        var sends = new List<Send>(MostSends) { late };
        var first = await FirstAsync(sends, waited, request, send);
        foreach (var other in sends.Where(one => one != first))
        {
            other.Cut();
        }

        foreach (var one in sends)
        {
            await one.EndAsync(isWanted: one == first);
        }

        var result = await first.Answer;
        Note(result, first.BegunAt);
        return result with { Hedges = sends.Count - 1 };
    }

    // The first that has an answer; when none has, the first of all. What has failed waits for the others, which may not have.
    private async Task<Send> FirstAsync(
        List<Send> sends, TimeSpan waited, OriginRequest request, Func<OriginRequest, bool, ValueTask<OriginResult>> send)
    {
        var wait = waited;
        bool isLate = true;
        Task? ended = null;
        while (true)
        {
            if (isLate && sends.Count < MostSends && pace.TryHedge())
            {
                wait = pace.HeadLimit;
                sends.Add(new Send(request, send, isAgain: true, time.GetTimestamp()));
                ended = null;
            }
            else if (isLate)
            {
                // An origin that stands still makes many wait; they need not all look often.
                wait = wait < s_longestLook ? 2 * wait : wait;
            }

            // In this order: an answer that comes between the two looks ends the wait below. The other way round nobody would look at it.
            var open = sends.FindAll(static one => !one.Answer.IsCompleted);
            if (sends.Find(static one => one.HasAnswer) is { } first)
            {
                return first;
            }

            if (open.Count == 0)
            {
                return sends[0];
            }

            // The same for every look: each WhenAny stays with what it waits for.
            ended ??= open.Count == 1 ? open[0].Answer : Task.WhenAny(open.Select(static one => one.Answer));
            isLate = !await HasEndedWithinAsync(ended, sends.Count < MostSends ? wait : Timeout.InfiniteTimeSpan);
            ended = isLate ? ended : null;
        }
    }

    private void Note(in OriginResult result, long begunAt)
    {
        if (result.Response is not null)
        {
            pace.HeadArrived(begunAt);
        }
    }

    private async ValueTask<bool> HasEndedWithinAsync(Task one, TimeSpan limit)
    {
        await one.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return one.IsCompleted;
    }

    // One of the sends of a request.
    private sealed class Send
    {
        private readonly CancellationTokenSource _cut;
        private Task _cutting = Task.CompletedTask;

        public Send(OriginRequest request, Func<OriginRequest, bool, ValueTask<OriginResult>> send, bool isAgain, long begunAt)
        {
            BegunAt = begunAt;
            _cut = CancellationTokenSource.CreateLinkedTokenSource(request.Abandoned);

            // The client hears of one of them what comes before its answer.
            Answer = send(
                request with { Abandoned = _cut.Token, InterimResponses = isAgain ? null : request.InterimResponses }, isAgain).AsTask();
        }

        public long BegunAt { get; }

        public Task<OriginResult> Answer { get; }

        public bool HasAnswer => Answer is { IsCompletedSuccessfully: true, Result.Response: not null };

        public void Cut() => _cutting = Answer.IsCompleted ? Task.CompletedTask : _cut.CancelAsync();

        // Soon: a wait that is cut ends at once.
        public async ValueTask EndAsync(bool isWanted)
        {
            if (!isWanted)
            {
                await _cutting;
                await Task.WhenAny(Answer);
                if (Answer.IsCompletedSuccessfully)
                {
                    (await Answer).Response?.Dispose();
                }
                else
                {
                    _ = Answer.Exception;
                }
            }

            _cut.Dispose();
        }
    }
}
