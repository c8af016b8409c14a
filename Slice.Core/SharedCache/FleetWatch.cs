namespace Slice.Core.SharedCache;

/// <summary>
/// The instances that share a tier, as they were seen last, and whether they have acted on what they were told. Thread-safe, but for
/// <see cref="LookAsync"/>, which one caller at a time may call.
/// </summary>
/// <param name="members">Their places in the store.</param>
/// <param name="coherence">Half of the time that they have.</param>
/// <param name="time">The clock.</param>
internal sealed class FleetWatch(TierMembers members, TimeSpan coherence, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(5);

    // No event tells that another machine has acted: its place in the store is looked at again and again.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private IReadOnlyList<FleetMember> _lastSeen = [];
    private long _lookedAt;

    /// <summary>Called with the instances whenever they were seen; null for nobody. Must not wait.</summary>
    public Action<IReadOnlyList<FleetMember>>? Seen { get; init; }

    /// <summary>The instances that were seen last.</summary>
    public IReadOnlyList<FleetMember> LastSeen => Volatile.Read(ref _lastSeen);

    /// <summary>Looks for them, for people who look at the fleet; does nothing when that was done just now.</summary>
    public async ValueTask LookAsync(CancellationToken ct)
    {
        if (LastSeen.Count == 0 || time.GetElapsedTime(_lookedAt) > s_look)
        {
            await SeeAsync(ct);
            _lookedAt = time.GetTimestamp();
        }
    }

    /// <summary>The name of an instance that was seen last; null for one that has gone, or has come since.</summary>
    public string? NameOf(Guid id) => LastSeen.FirstOrDefault(member => member.Id == id)?.Name;

    /// <summary>
    /// Waits until all have acted on something, for twice the coherence at most. This instance has, before it told the others.
    /// </summary>
    public async ValueTask<FleetReach> AwaitAsync(Predicate<FleetMember> hasActed, CancellationToken ct)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            FleetMember[] others = [.. (await SeeAsync(ct)).Where(member => member.Id != members.Id)];
            FleetMember[] missing = [.. others.Where(member => !hasActed(member))];
            if (missing.Length == 0 || time.GetElapsedTime(began) > 2 * coherence)
            {
                return new FleetReach(1 + others.Length, [.. missing.Select(static member => member.Name).Order(StringComparer.Ordinal)]);
            }

            await Task.Delay(s_pause, time, ct);
        }
    }

    /// <summary>
    /// Looks for them now. Where not even this instance is seen the store has not said who is there, and nobody has gone for that.
    /// </summary>
    public async ValueTask<IReadOnlyList<FleetMember>> SeeAsync(CancellationToken ct)
    {
        var seen = await members.ReadAllAsync(ct);
        if (seen.Count > 0)
        {
            Volatile.Write(ref _lastSeen, seen);
            Seen?.Invoke(seen);
        }

        return LastSeen;
    }
}
