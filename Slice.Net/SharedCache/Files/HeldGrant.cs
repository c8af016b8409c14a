namespace Slice.Net.SharedCache.Files;

/// <summary>A <see cref="RoomGrant"/> as its holder knows it: by clocks of its own.</summary>
/// <param name="Bytes">How much.</param>
/// <param name="At">When it began, as a timestamp of the clock.</param>
/// <param name="On">The same by the wall clock: the other one stands still while a machine sleeps.</param>
internal readonly record struct HeldGrant(long Bytes, long At, DateTimeOffset On)
{
    /// <summary>One that begins now: before others can read of it, so that it ends before they stop counting it.</summary>
    public static HeldGrant Now(long bytes, TimeProvider time) => new(bytes, time.GetTimestamp(), time.GetUtcNow());

    /// <summary>What of it may be used now: all or nothing.</summary>
    public long UsableBytes(TimeProvider time) =>
        Bytes > 0 && time.GetElapsedTime(At) < RoomGrant.UsedFor && (time.GetUtcNow() - On).Duration() < RoomGrant.UsedFor ? Bytes : 0;
}
