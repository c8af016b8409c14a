using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Asks a second time where the response head is late, of another address if there is one: the first to answer wins, the other is cut.
/// Thread-safe.
/// </summary>
/// <param name="pace">How fast the origin answers.</param>
/// <param name="time">The clock.</param>
internal sealed class OriginHedge(OriginPace pace, TimeProvider time)
{
    /// <summary>Sends a request, and once more when it is late.</summary>
    /// <param name="request">The request.</param>
    /// <param name="send">Sends it; whether it is the second of two. Told by its token when nobody wants the answer any more.</param>
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

        using var cut = CancellationTokenSource.CreateLinkedTokenSource(request.Abandoned);
        var asking = send(request with { Abandoned = cut.Token }, false).AsTask();
        if (await IsDoneWithinAsync(asking, limit) || !pace.TryHedge())
        {
            var answer = await asking;
            Note(answer, begunAt);
            return answer;
        }

        using var cutAgain = CancellationTokenSource.CreateLinkedTokenSource(request.Abandoned);
        long againAt = time.GetTimestamp();
        var again = send(request with { Abandoned = cutAgain.Token, InterimResponses = null }, true).AsTask();
        var first = await Task.WhenAny(asking, again);
        if (!HasAnswer(first))
        {
            // What has failed waits for the other, which may not have.
            await Task.WhenAny(first == asking ? again : asking);
            first = first == asking ? again : asking;
        }

        var (other, otherCut) = first == asking ? (again, cutAgain) : (asking, cut);
        if (!other.IsCompleted)
        {
            await otherCut.CancelAsync();
        }

        // Soon: a wait that is cut ends at once.
        await Task.WhenAny(other);
        if (other.IsCompletedSuccessfully)
        {
            (await other).Response?.Dispose();
        }
        else
        {
            _ = other.Exception;
        }

        var result = await first;
        Note(result, first == asking ? begunAt : againAt);
        return result with { Hedges = 1 };
    }

    private static bool HasAnswer(Task<OriginResult> asking) => asking is { IsCompletedSuccessfully: true, Result.Response: not null };

    private void Note(in OriginResult result, long begunAt)
    {
        if (result.Response is not null)
        {
            pace.HeadArrived(begunAt);
        }
    }

    private async ValueTask<bool> IsDoneWithinAsync(Task asking, TimeSpan limit)
    {
        if (asking.IsCompleted)
        {
            return true;
        }

        using var enough = new CancellationTokenSource();
        var late = Task.Delay(limit, time, enough.Token);
        bool isDone = await Task.WhenAny(asking, late) == asking;
        await enough.CancelAsync();
        return isDone;
    }
}
