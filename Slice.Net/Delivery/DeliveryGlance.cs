using Slice.Core.Caching;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>One delivery under way, as it was when somebody looked.</summary>
/// <param name="Key">The key of what is delivered.</param>
/// <param name="Client">Who gets it.</param>
/// <param name="StartedAt">When its request was complete, as a timestamp of the clock.</param>
/// <param name="WantedBytes">Bytes of the object that the client wants; of several parts, those of the part that is being sent.</param>
/// <param name="SentBytes">Those of them that are sent.</param>
/// <param name="BodyBytes">Bytes of the whole answer that are sent.</param>
/// <param name="SlicesHit">Slices that came from the store.</param>
/// <param name="SlicesFetched">Slices that came from the origin.</param>
/// <param name="Slices">Slices that the client wants.</param>
/// <param name="SliceBytes">Bytes of one slice.</param>
/// <param name="Map">Where the slices are, see <see cref="SliceMap"/>; empty when nobody has asked for it.</param>
internal readonly record struct DeliveryGlance(
    CacheKey Key,
    ClientAddress Client,
    long StartedAt,
    long WantedBytes,
    long SentBytes,
    long BodyBytes,
    int SlicesHit,
    int SlicesFetched,
    int Slices,
    int SliceBytes,
    string Map);
