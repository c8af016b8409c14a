using Slice.Core.Caching;

namespace Slice.Core.Fetching;

/// <summary>What a client request needs to learn about an object of which nothing usable is stored. Immutable.</summary>
/// <param name="Key">The object's key.</param>
/// <param name="Template">Target and fields for the origin.</param>
/// <param name="FirstSliceIndex">
/// The slice the client needs first; it is fetched with the lesson. Null when only the length can tell (a suffix range): one byte
/// is asked for.
/// </param>
/// <param name="Stale">The stored generation that is no longer fresh; it is validated. Null when nothing is stored.</param>
/// <param name="MayBeShared">False when the request itself forbids that others see the answer (Authorization, RFC 9111 §3.5).</param>
public sealed record LearnRequest(
    CacheKey Key, SubrequestTemplate Template, int? FirstSliceIndex, Generation? Stale, bool MayBeShared);
