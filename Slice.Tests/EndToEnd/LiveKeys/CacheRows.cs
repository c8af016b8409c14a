using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>Keys of the cache: whether the second of two requests reaches the origin shows most of them.</summary>
internal static class CacheRows
{
    private const string Asked = "1";
    private const string NotAsked = "0";

    /// <summary>The rows.</summary>
    public static IReadOnlyList<LiveKeyRow> All { get; } =
    [
        LiveKeyRow.OfAct("cache_ttl", "1h", "5s", bed => AfterMinuteAsync(bed), NotAsked, Asked),
        LiveKeyRow.OfAct("cache_ttl_override", "false", "true", bed => AfterMinuteAsync(bed, "Cache-Control: max-age=5"), Asked, NotAsked)
            with { With = [("cache_ttl", "1h")] },
        LiveKeyRow.OfAct("cache_negative_ttl", "0s", "1h", NotFoundAsync, Asked, NotAsked),
        LiveKeyRow.OfAct(
            "cache_rules", "[]", "[{path: \"^/sliced/\", bypass: true}]", bed => TwiceAsync(bed, bed.NewTarget()), NotAsked, Asked),
        LiveKeyRow.OfAct("cache_stale_if_error", "0s", "1h", FailingOriginAsync, "502", "206"),
        LiveKeyRow.OfAct("cache_stale_while_revalidate", "0s", "1h", SlowOriginAsync, "HIT", "STALE"),
        LiveKeyRow.OfAct("cache_unsliced", "true", "false", UnslicedAsync, NotAsked, Asked) with
        {
            With = [("slice_patterns", "[\"^/sliced/\"]")],
        },
        LiveKeyRow.OfAct("cache_set_cookie", "false", "true", CookieAsync, Asked, NotAsked),
        LiveKeyRow.OfAct("honor_request_cache_control", "true", "false", NoCacheAsync, Asked, NotAsked),
        LiveKeyRow.OfAct("cache_key.query", "all", "sorted", bed => QueriesAsync(bed, "?a=1&b=2", "?b=2&a=1"), Asked, NotAsked),
        LiveKeyRow.OfAct("cache_key.ignored_arguments", "[]", "[sid]", bed => QueriesAsync(bed, "", "?sid=4"), Asked, NotAsked),
        LiveKeyRow.OfAct(
            "cache_key.fields", "[]", "[X-Api-Key]", bed => TwiceAsync(bed, bed.NewTarget(), null, "X-Api-Key: a"), NotAsked, Asked),
    ];

    // How many requests the second GET of one object costs the origin.
    private static async Task<string> TwiceAsync(LiveKeyBed bed, string target, string? second = null, params string[] fields)
    {
        await GetByteAsync(bed, target);
        return await bed.AskedAsync(() => GetByteAsync(bed, second ?? target, fields));
    }

    private static Task<RawResponse> GetByteAsync(LiveKeyBed bed, string target, params string[] fields) =>
        bed.GetAsync(target, ["Range: bytes=0-0", .. fields]);

    private static async Task<string> AfterMinuteAsync(LiveKeyBed bed, params string[] fields)
    {
        bed.File.ExtraFields = fields;
        string target = bed.NewTarget();
        await GetByteAsync(bed, target);
        bed.PassMinute();
        return await bed.AskedAsync(() => GetByteAsync(bed, target));
    }

    private static async Task<string> UnslicedAsync(LiveKeyBed bed)
    {
        string target = bed.NewTarget("/whole/");
        await bed.GetAsync(target);
        return await bed.AskedAsync(() => bed.GetAsync(target));
    }

    private static Task<string> NotFoundAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("404 Not Found");
        return TwiceAsync(bed, bed.NewTarget());
    }

    private static async Task<string> FailingOriginAsync(LiveKeyBed bed)
    {
        bed.File.ExtraFields = ["Cache-Control: max-age=5"];
        bed.Origin.Answer = bed.File.AnswerAsync;
        string target = bed.NewTarget();
        await GetByteAsync(bed, target);
        bed.PassMinute();
        bed.Origin.Answer = exchange => exchange.CloseAsync();
        return (await GetByteAsync(bed, target)).StatusCode.ToString(CultureInfo.InvariantCulture);
    }

    // The origin is silent until the answer is there, which is what the new value allows; under the old one the answer waits for it.
    private static async Task<string> SlowOriginAsync(LiveKeyBed bed)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.File.ExtraFields = ["Cache-Control: max-age=5"];
        bed.File.Fault = null;
        string target = bed.NewTarget();
        await GetByteAsync(bed, target);
        bed.PassMinute();
        bed.File.Fault = _ => new RangeFault { HeadGate = gate.Task };
        int asked = bed.Origin.RequestCount;
        var answer = GetByteAsync(bed, target);
        await bed.Origin.RequestsArrivedAsync(asked + 1);
        if (bed.IsReloaded)
        {
            await answer;
        }

        gate.SetResult();
        return (await answer).Field("X-Cache")!;
    }

    private static Task<string> CookieAsync(LiveKeyBed bed)
    {
        bed.File.ExtraFields = ["Cache-Control: max-age=3600", "Set-Cookie: a=b"];
        return TwiceAsync(bed, bed.NewTarget());
    }

    private static Task<string> NoCacheAsync(LiveKeyBed bed) => TwiceAsync(bed, bed.NewTarget(), null, "Cache-Control: no-cache");

    private static Task<string> QueriesAsync(LiveKeyBed bed, string first, string second)
    {
        string target = bed.NewTarget();
        return TwiceAsync(bed, target + first, target + second);
    }
}
