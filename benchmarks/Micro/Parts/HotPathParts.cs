using Slice.Core.Options;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>The parts of the hot path by the names they are recorded under, in the order in which a request meets them.</summary>
internal static class HotPathParts
{
    /// <summary>What makes each.</summary>
    public static IReadOnlyList<(string Name, Func<IHotPathPart> Make)> All { get; } =
    [
        ("request_head_bare", () => new RequestHeadPart(RequestHeadPart.FieldsOf("bare"))),
        ("request_head_curl", () => new RequestHeadPart(RequestHeadPart.FieldsOf("curl"))),
        ("request_head_browser", () => new RequestHeadPart(RequestHeadPart.FieldsOf("browser"))),
        ("cache_key", () => new CacheKeyPart()),
        ("look_up", () => new LookUpPart()),
        ("slice_plan", () => new SlicePlanPart(64L << 20)),
        ("response_head", () => new ResponseHeadPart()),
        ("lease", () => new LeasePart(isTouched: false)),
        ("s3_fifo_touch", () => new LeasePart(isTouched: true)),
        ("s3_fifo_turn", () => new EvictionPart()),
        ("collapser_join", () => new CollapserPart()),
        ("journal_append", () => new JournalPart()),
        ("counting", () => new CountingPart()),
        ("hit_in_memory", () => new HitPart()),
        ("hit_in_memory_by_rules", () => new HitPart(ByRules)),
    ];

    /// <summary>Options whose patterns and rules say something about the path of the object.</summary>
    public static SliceOptions ByRules(SliceOptions options) => options with
    {
        SlicePatterns = ["^/debian/"],
        CacheRules = [new CacheRule { Path = "^/debian/", Ttl = TimeSpan.FromHours(1) }],
    };
}
