namespace Slice.Host.Status;

/// <summary>What was counted in one second.</summary>
/// <param name="ToClients">Bytes to clients.</param>
/// <param name="FromOrigin">Bytes from the origin.</param>
/// <param name="Requests">Requests that were answered.</param>
/// <param name="SlicesHit">Slices that came from the store.</param>
/// <param name="SlicesMissed">Slices that did not.</param>
internal readonly record struct TrafficSample(long ToClients, long FromOrigin, long Requests, long SlicesHit, long SlicesMissed);
