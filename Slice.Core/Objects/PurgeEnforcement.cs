namespace Slice.Core.Objects;

/// <summary>Holds generations against the purges that came since they were asked for. Thread-safe.</summary>
/// <param name="purges">The purges.</param>
/// <param name="remove">Takes a generation out of the index; whether it was live. The flag says whether its slices are dropped by this
/// thread, or later by another.</param>
internal sealed class PurgeEnforcement(PurgesInForce purges, Func<Generation, bool, bool> remove)
{
    /// <summary>Holds a generation that can be found against the purges that it has not seen.</summary>
    /// <param name="generation">The generation.</param>
    /// <param name="dropsHere">Whether slices that go are dropped by this thread: its caller serves no client.</param>
    public void Enforce(Generation generation, bool dropsHere = false)
    {
        while (true)
        {
            // In this order: the list may only know more than the number says.
            long seen = generation.PurgesSeen;
            var list = purges.List;
            if (seen >= list.Latest)
            {
                return;
            }

            int slices = generation.StoredSlices;
            var verdict = list.Judge(generation.Key.Bytes, generation.Response.Tags, seen, out var by);
            if (verdict == PurgeVerdict.Goes)
            {
                if (remove(generation, dropsHere))
                {
                    by?.Count(slices);
                }

                return;
            }

            // Thread A makes it stale, thread B does the same a moment later; one of the two counts it. Stale comes first: who sees the new
            // number must see a stale response.
            if (verdict == PurgeVerdict.Expires)
            {
                generation.TakeExpired(by!.At);
                generation.TellResponse();
            }

            if (generation.TrySeePurges(seen, list.Latest))
            {
                if (verdict == PurgeVerdict.Expires)
                {
                    by!.Count(slices);
                }

                return;
            }
        }
    }

    /// <summary>Does to a generation what was found out about it.</summary>
    public void Enforce(Generation generation, PurgeVerdict verdict)
    {
        switch (verdict)
        {
            case PurgeVerdict.Goes:
                remove(generation, false);
                break;
            case PurgeVerdict.Expires:
                generation.TakeExpired(generation.Response.Freshness.ReceivedAt);
                generation.TellResponse();
                break;
        }
    }

    /// <summary>Holds the generations of a key against the purges that they have not seen.</summary>
    public void Enforce(StoredVariants variants)
    {
        foreach (var generation in variants.All)
        {
            Enforce(generation);
        }
    }
}
