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
        if (pace.HeadLimit == Timeout.InfiniteTimeSpan)
        {
            var only = await send(request, false);
            Note(only, begunAt);
            return only;
        }

        var sends = new List<Send>(MostSends) { new(request, send, isAgain: false, begunAt) };
        var first = await FirstAsync(sends, request, send);
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
        List<Send> sends, OriginRequest request, Func<OriginRequest, bool, ValueTask<OriginResult>> send)
    {
        var wait = pace.HeadLimit;
        while (true)
        {
            if (sends.Find(static one => one.HasAnswer) is { } first)
            {
                return first;
            }

            var open = sends.FindAll(static one => !one.Answer.IsCompleted);
            if (open.Count == 0)
            {
                return sends[0];
            }

            if (await HasOneEndedWithinAsync(open, sends.Count < MostSends ? wait : Timeout.InfiniteTimeSpan))
            {
                continue;
            }

            if (pace.TryHedge())
            {
                wait = pace.HeadLimit;
                sends.Add(new Send(request, send, isAgain: true, time.GetTimestamp()));
            }
            else
            {
                // An origin that stands still makes many wait; they need not all look often.
                wait = wait < s_longestLook ? 2 * wait : wait;
            }
        }
    }

    private void Note(in OriginResult result, long begunAt)
    {
        if (result.Response is not null)
        {
            pace.HeadArrived(begunAt);
        }
    }

    private async Task<bool> HasOneEndedWithinAsync(List<Send> open, TimeSpan limit)
    {
        using var enough = new CancellationTokenSource();
        var late = Task.Delay(limit, time, enough.Token);
        bool hasEnded = await Task.WhenAny([late, .. open.Select(static one => one.Answer)]) != late;
        await enough.CancelAsync();
        return hasEnded;
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
