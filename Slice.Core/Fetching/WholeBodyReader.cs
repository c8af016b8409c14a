using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Cuts bodies that hold whole objects into slices, for as long as a <see cref="WholeBodyFill"/> says. Thread-safe.
/// </summary>
/// <param name="attempts">Reads the bytes.</param>
/// <param name="collapser">Knows which slices are on their way by themselves.</param>
/// <param name="tier">Is offered the slices.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled at the end of the process.</param>
internal sealed class WholeBodyReader(
    SliceFetchAttempts attempts, RequestCollapser collapser, TierFills tier, TimeProvider time, CancellationToken stopping)
{
    /// <summary>
    /// How long a slice may take that nobody waits for. Arbitrary: an origin that is slower than 18 kB/s, with slices of 1 MiB, would keep
    /// a place for nothing.
    /// </summary>
    private static readonly TimeSpan s_longestUnreadSlice = TimeSpan.FromMinutes(1);

    /// <summary>Fills until all is done, or nobody wants more, or the body fails.</summary>
    /// <param name="fill">The fill.</param>
    /// <param name="response">The body; the caller's.</param>
    /// <param name="context">On whose behalf turns at the origin are taken when nobody reads; null for a fill that then ends.</param>
    /// <returns>No failure when all slices have come.</returns>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    internal async Task<Failure> FillAsync(WholeBodyFill fill, OriginResponse response, FetchContext? context)
    {
        while (await fill.WaitForDemandAsync(stopping))
        {
            if (fill.IsAtEnd)
            {
                return Failure.None;
            }

            var failure = fill.IsUnread && context is { } asking
                ? await FillUnreadAsync(fill, response, asking)
                : await FillNextAsync(fill, response);
            if (failure.IsError)
            {
                return failure;
            }
        }

        return new Failure(FetchError.Abandoned);
    }

    // At the origin's pace, with a turn for one slice: those who wait for their turn come in between.
    private async Task<Failure> FillUnreadAsync(WholeBodyFill fill, OriginResponse response, FetchContext context)
    {
        using var permit = await attempts.TryEnterAsync(context);
        if (permit is null && fill.TryEndUnread())
        {
            return new Failure(FetchError.Abandoned);
        }

        bool wasTooSlow = false;
        Failure failure;
        using (var limit = new CancellationTokenSource(s_longestUnreadSlice, time))
        using (limit.Token.UnsafeRegister(_ => EndSlow(), null))
        {
            failure = await FillNextAsync(fill, response);
        }

        return failure.IsError && Volatile.Read(ref wasTooSlow) ? new Failure(FetchError.Abandoned) : failure;

        void EndSlow()
        {
            if (fill.TryEndUnread())
            {
                Volatile.Write(ref wasTooSlow, true);
                response.Abort();
            }
        }
    }

    private async Task<Failure> FillNextAsync(WholeBodyFill fill, OriginResponse response)
    {
        if (fill.TryPassNext(index => IsElsewhere(fill.Generation, index), out int passedBytes))
        {
            return await attempts.SkipAsync(response, passedBytes);
        }

        var fetch = fill.BeginNext()!;
        var failure = await attempts.FillFromWholeAsync(fetch, response);
        if (!failure.IsError)
        {
            tier.Offer(fetch);
            fill.EndCurrent();
        }

        return failure;
    }

    // A slice that is stored, or that somebody has asked the origin for.
    private bool IsElsewhere(Generation generation, int sliceIndex) =>
        generation.CountStored(sliceIndex, 1) > 0 || collapser.Contains(generation, sliceIndex);
}
