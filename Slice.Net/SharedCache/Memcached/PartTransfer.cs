namespace Slice.Net.SharedCache.Memcached;

/// <summary>Moves the parts of a value, some at a time.</summary>
internal static class PartTransfer
{
    // Over as many connections. A slice of 1 MiB has one part, or none; more would take the connections that other slices need.
    private const int PartsAtOnce = 4;

    /// <summary>
    /// Calls <paramref name="part"/> for each part, and returns whether all of them were there. When it ends, however it does, no part is
    /// under way any more: the memory may go. The first failure cancels the others; a missing part only keeps others from being begun.
    /// </summary>
    public static async ValueTask<bool> RunAsync(int count, Func<int, CancellationToken, ValueTask<bool>> part, CancellationToken ct)
    {
        if (count == 1)
        {
            return await part(0, ct);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        int next = -1;
        bool isWhole = true;
        var workers = new Task[Math.Min(count, PartsAtOnce)];
        for (int worker = 0; worker < workers.Length; worker++)
        {
            workers[worker] = WorkAsync();
        }

        // Throws the failure, and not the cancellations that followed from it.
        await Task.WhenAll(workers);
        return isWhole;

        async Task WorkAsync()
        {
            try
            {
                for (int index = Interlocked.Increment(ref next);
                    index < count && Volatile.Read(ref isWhole);
                    index = Interlocked.Increment(ref next))
                {
                    if (!await part(index, stop.Token))
                    {
                        Volatile.Write(ref isWhole, false);
                    }
                }
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }
}
