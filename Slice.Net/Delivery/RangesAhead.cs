using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// Fetches the slices behind a range for a client that reads an object range by range, as video players do, so that its next one is there
/// (<c>prefetch_slices</c>). Thread-safe.
/// </summary>
/// <remarks>
/// Nobody has asked for these bytes yet, so they never stand in anybody's way: nothing is begun while somebody waits at the gate, while
/// less than a quarter of the permits is free, or beyond the bytes that all of this may have on the way. What the origin has not answered
/// when nobody has come for a while ends; what it has answered is stored.
/// </remarks>
/// <param name="fetcher">Fetches the slices.</param>
/// <param name="gate">The gate that they go through.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">Counts them.</param>
internal sealed class RangesAhead(SliceFetcher fetcher, OriginGate gate, TimeProvider time, SliceMeter meter)
{
    /// <summary>Most bytes on the way for nobody, over all clients. Arbitrary: what 16 readers have with 4 slices of 1 MiB.</summary>
    public const long MostBytes = 64 << 20;

    // Longer than players wait between two ranges while their buffer fills. Arbitrary.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly SequentialReaders _readers = new();
    private long _bytes;

    /// <summary>A range has been sent, all of it.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="generation">The object.</param>
    /// <param name="plan">The range.</param>
    public void RangeSent(HttpExchange exchange, Generation generation, SlicePlan plan)
    {
        int slices = exchange.Settings.Options.PrefetchSlices;
        if (slices > 0 && generation is { IsShared: true, IsWhole: false, IsRetired: false } && _readers.Note(generation, plan.Range))
        {
            int first = plan.FirstSliceIndex + plan.Count;
            Fetch(generation, first, Math.Min(slices, generation.Grid.CountFor(generation.CompleteLength) - first), exchange.FetchContext);
        }
    }

    private void Fetch(Generation generation, int first, int count, FetchContext context)
    {
        for (int sliceIndex = first; sliceIndex < first + count; sliceIndex++)
        {
            if (generation.CountStored(sliceIndex, 1) > 0)
            {
                continue;
            }

            int bytes = (int)generation.Grid.RangeOf(sliceIndex, generation.CompleteLength).Length;
            if (gate.IsWaitedAt || gate.Free * 4 < gate.Limit || !TryTake(bytes))
            {
                return;
            }

            _ = HoldAsync(fetcher.Acquire(generation, sliceIndex, context), bytes);
        }
    }

    private bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= MostBytes)
        {
            return true;
        }

        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    // Never throws. It ends with the fetch, which is the fetcher's, or before.
    private async Task HoldAsync(SliceSource source, int bytes)
    {
        meter.PrefetchedSlices.Add(source.IsOwn ? 1 : 0);
        try
        {
            using var patience = new CancellationTokenSource(s_patience, time);
            await (source.Fetch?.WaitForEndAsync(patience.Token) ?? Task.CompletedTask);
        }
        catch (OperationCanceledException)
        {
            // Nobody has come.
        }
        finally
        {
            source.Release();
            Interlocked.Add(ref _bytes, -bytes);
        }
    }
}
