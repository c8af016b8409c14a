using Slice.Core.SharedCache;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>Reads values with their lifetimes.</summary>
/// <remarks>
/// Three commands that are sent together and answered together. Another instance may set the key between two of them; the value belongs to
/// one of the two lifetimes, and the shorter of them is not too long for it.
/// </remarks>
internal static class RedisReading
{
    private const CommandFlags Flags = CommandFlags.DemandMaster;

    /// <summary>The value of a key, with its lifetime; null for none. The caller disposes it.</summary>
    public static async Task<LeasedValue?> ReadAsync(IDatabase database, string key)
    {
        Task<Lease<byte>?>? reading = null;
        LeasedValue? value = null;
        try
        {
            var before = database.KeyTimeToLiveAsync(key, Flags);
            reading = database.StringGetLeaseAsync(key, Flags);
            var after = database.KeyTimeToLiveAsync(key, Flags);
            await Task.WhenAll(before, reading, after);
            if (await reading is { } lease && Shorter(await before, await after) is { } remaining)
            {
                value = new LeasedValue(lease.Memory, remaining, lease);
            }

            return value;
        }
        finally
        {
            if (value is null)
            {
                ReturnMemory(reading);
            }
        }
    }

    /// <summary>The first bytes of it.</summary>
    public static async Task<LeasedValue?> ReadBeginningAsync(IDatabase database, string key, int lengthBytes)
    {
        // GETRANGE is empty where there is no value; the library has no leased memory for it.
        var before = database.KeyTimeToLiveAsync(key, Flags);
        var reading = database.StringGetRangeAsync(key, 0, lengthBytes - 1, Flags);
        var after = database.KeyTimeToLiveAsync(key, Flags);
        await Task.WhenAll(before, reading, after);
        return Shorter(await before, await after) is { } remaining ? new LeasedValue(await reading, remaining, null) : null;
    }

    /// <summary>Gives back the memory of an answer to a caller who has gone, when it comes all the same.</summary>
    public static void ReturnMemory<T>(Task<T?>? reading)
        where T : class, IDisposable => reading?.ContinueWith(
        static read =>
        {
            if (read.IsCompletedSuccessfully)
            {
                read.Result?.Dispose();
            }
            else
            {
                _ = read.Exception;
            }
        },
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private static TimeSpan? Shorter(TimeSpan? one, TimeSpan? other) =>
        one is null || other is null ? null : one < other ? one : other;
}
