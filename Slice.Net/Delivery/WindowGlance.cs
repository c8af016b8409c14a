using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>What a <see cref="SliceWindow"/> held when somebody on another thread looked at it. Good for figures, not for bytes.</summary>
/// <param name="Exchange">Whose request it is.</param>
/// <param name="Generation">What is delivered.</param>
/// <param name="Plan">The slices that the client wants.</param>
/// <param name="Sources">Where the slices between the two ordinals come from, each at its ordinal modulo the length.</param>
/// <param name="FirstOrdinal">Ordinal of the slice whose turn it is.</param>
/// <param name="EndOrdinal">Ordinal after the last slice that was asked for.</param>
internal readonly record struct WindowGlance(
    HttpExchange Exchange, Generation Generation, SlicePlan Plan, SliceSource[] Sources, int FirstOrdinal, int EndOrdinal);
