using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// Sends the parts of a multipart body one after the other, each like a range of its own, and has slices of the parts to come fetched
/// meanwhile: a hundred small parts of a cold object do not cost a hundred round trips in a row. One per response.
/// </summary>
internal sealed class MultipartDelivery(SliceDelivery delivery, SliceFetcher fetcher, WindowSize size)
{
    // Slices asked for ahead of the part being sent, with the part they are for; an entry is a lease or a follower.
    private readonly Queue<(SliceSource Source, int Part)> _ahead = new();
    private int _aheadPart;
    private int _aheadOrdinal;
    private int _lastAhead = -1;

    /// <summary>
    /// Sends <paramref name="head"/> and the body. The head does not leave before the first bytes of the first part are there.
    /// </summary>
    public async ValueTask<DeliveryOutcome> RunAsync(
        HttpExchange exchange, Generation generation, MultipartByteranges multipart, ReadOnlyMemory<byte> head, bool isFirstFetched)
    {
        size.Begin(exchange.Settings.Options.MaxConcurrentSubrequests);
        try
        {
            int parts = multipart.Parts.Length;
            for (int part = 0; part < parts; part++)
            {
                var plan = PlanOf(generation, multipart, part);
                ReadAhead(exchange, generation, multipart, part, plan.Count);
                byte[] partHead = multipart.PartHead(part);
                bool dropsPassed = !generation.IsShared && !IsNeededLater(generation, multipart, part);
                var outcome = await delivery.RunAsync(
                    exchange, generation, plan, part == 0
                        ? Join(head.Span, partHead)
                        : partHead, isFirstFetched && part == 0, dropsPassed: dropsPassed, goesOn: true);
                if (outcome.Status != DeliveryStatus.Delivered)
                {
                    return outcome with { HasBegun = outcome.HasBegun || part > 0 };
                }

                exchange.BodyBytes += partHead.Length;
            }

            byte[] last = multipart.LastBoundary();
            exchange.BodyBytes += last.Length;
            bool isWritten = await exchange.Writer.WriteAsync(last) == WriteResult.Written;
            return new DeliveryOutcome(isWritten ? DeliveryStatus.Delivered : DeliveryStatus.ClientGone, HasBegun: true, Failure.None);
        }
        finally
        {
            while (_ahead.TryDequeue(out var entry))
            {
                entry.Source.Release();
            }
        }
    }

    private static SlicePlan PlanOf(Generation generation, MultipartByteranges multipart, int part) =>
        SlicePlanner.Plan(generation.Grid, multipart.Parts[part], generation.CompleteLength);

    // The part being sent has its own window; what is left of its size goes to the slices after it.
    private void ReadAhead(HttpExchange exchange, Generation generation, MultipartByteranges multipart, int currentPart, int currentSlices)
    {
        int places = size.Slices - Math.Min(size.Slices, currentSlices);
        if (_aheadPart <= currentPart)
        {
            (_aheadPart, _aheadOrdinal) = (currentPart + 1, 0);
        }

        while (_ahead.TryPeek(out var entry) && entry.Part < currentPart)
        {
            _ahead.Dequeue().Source.Release();
        }

        // Those for the current part are the very slices that its window asks for: they take no place of their own.
        int ahead = _ahead.Count(entry => entry.Part > currentPart);
        while (ahead < places && _aheadPart < multipart.Parts.Length)
        {
            var plan = PlanOf(generation, multipart, _aheadPart);
            if (_aheadOrdinal == plan.Count)
            {
                (_aheadPart, _aheadOrdinal) = (_aheadPart + 1, 0);
                continue;
            }

            int sliceIndex = plan[_aheadOrdinal++].SliceIndex;
            if (sliceIndex == _lastAhead)
            {
                // Many small parts of one slice need it once.
                continue;
            }

            _lastAhead = sliceIndex;
            _ahead.Enqueue((fetcher.Acquire(generation, sliceIndex, exchange.FetchContext), _aheadPart));
            ahead++;
        }

        size.OfLaterParts = ahead;
    }

    // Slices of a generation for this response only go as soon as they are sent, unless a part to come has bytes of them.
    private static bool IsNeededLater(Generation generation, MultipartByteranges multipart, int part)
    {
        var plan = PlanOf(generation, multipart, part);
        for (int later = part + 1; later < multipart.Parts.Length; later++)
        {
            var other = PlanOf(generation, multipart, later);
            if (other.FirstSliceIndex < plan.FirstSliceIndex + plan.Count && plan.FirstSliceIndex < other.FirstSliceIndex + other.Count)
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => [.. first, .. second];
}
