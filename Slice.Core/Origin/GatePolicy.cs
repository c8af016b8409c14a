namespace Slice.Core.Origin;

/// <summary>How an <see cref="OriginGate"/> treats those who hold a permit for long while others wait. Immutable.</summary>
public sealed record GatePolicy
{
    /// <summary>
    /// For subrequests: nobody waits longer than a few seconds because of an origin that is slow with something else, and not at all when
    /// all of that is another client's.
    /// </summary>
    public static GatePolicy Subrequests { get; } = new()
    {
        ClientSharePercent = 75,
        AloneAfter = TimeSpan.FromMinutes(1),
        HeadPatience = TimeSpan.FromSeconds(2),
        BodyPatience = TimeSpan.FromSeconds(5),
        SureTime = TimeSpan.FromSeconds(5),
    };

    /// <summary>
    /// For what is passed through, which lasts as long as its client likes: no request ever makes room before it ends, so no client address
    /// gets the last quarter of the permits.
    /// </summary>
    public static GatePolicy PassedThrough { get; } = new() { ClientSharePercent = 75 };

    /// <summary>
    /// How long a request without a response head counts at the gate while others wait; after that it moves to the slow ones. Infinite for
    /// ever. Arbitrary: longer than most origins take, and what a good request loses at most to a set of slow ones.
    /// </summary>
    public TimeSpan HeadPatience { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long the body of a response counts at the gate while others wait, from its head on; infinite for ever. Arbitrary: a slice of
    /// 1 MiB comes in that time at 1.7 Mbit/s.
    /// </summary>
    public TimeSpan BodyPatience { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// The time that every request has at the origin. One whose head has not come after that ends when others wait and there is no room
    /// left among the slow ones. Without meaning while both patiences are infinite. Arbitrary.
    /// </summary>
    public TimeSpan SureTime { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// Most permits that one client may hold, without those of slow requests, in percent of the limit, rounded up: the rest is there at
    /// once for whoever else comes.
    /// </summary>
    public int ClientSharePercent { get; init; } = 100;

    /// <summary>
    /// How long no other client has asked when one may hold all permits: behind a balancer that tells nothing of its clients there is only
    /// one. Infinite for never.
    /// </summary>
    public TimeSpan AloneAfter { get; init; } = Timeout.InfiniteTimeSpan;
}
