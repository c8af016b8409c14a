using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>A store that was opened.</summary>
/// <param name="Store">The store; the caller disposes it, and with it what moves it in.</param>
/// <param name="Recovered">What an earlier process has left; null while the store is in memory.</param>
/// <param name="MoveIn">What moves it into its directory; null when it is there. To be started by the caller.</param>
public sealed record OpenedStore(SliceStore Store, RecoveredIndex? Recovered, StoreMoveIn? MoveIn);
