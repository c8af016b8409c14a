using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>What every connection of one endpoint shares. Immutable.</summary>
/// <param name="Options">The configuration.</param>
/// <param name="QueryKeyRule">What of the query belongs to the cache key.</param>
/// <param name="HeadLimits">How large a request head may be.</param>
/// <param name="Timeouts">Deadlines towards clients.</param>
/// <param name="Sweeper">Watches them.</param>
/// <param name="Settings">The settings that the next request takes.</param>
/// <param name="Time">The clock.</param>
/// <param name="Meter">The metrics.</param>
/// <param name="Log">The log.</param>
internal sealed record ConnectionServices(
    SliceOptions Options,
    QueryKeyRule QueryKeyRule,
    RequestHeadLimits HeadLimits,
    TimeoutSettings Timeouts,
    DeadlineSweeper Sweeper,
    LiveSettings Settings,
    TimeProvider Time,
    SliceMeter Meter,
    RequestLog Log);
