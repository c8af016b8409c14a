using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>Keys of the origin and of slicing: what the origin is asked shows them.</summary>
internal static class OriginRows
{
    private const string BothAddresses = "[{origin}, {other}]";

    /// <summary>The rows.</summary>
    public static IReadOnlyList<LiveKeyRow> All { get; } =
    [
        LiveKeyRow.OfAct("upstream_address", "{origin}", "{other}", WhoAnswersAsync, "first", "second"),
        LiveKeyRow.OfAct("forward_host", "false", "true", HostAsync, "the origin's", "the client's"),
        LiveKeyRow.OfAct("rewrite_location", "true", "false", LocationAsync, "the client's", "the origin's"),
        LiveKeyRow.OfAct("follow_redirects", "0", "1", RedirectAsync, "302", "206") with
        {
            With = [("follow_redirects_hosts", "[127.0.0.1]")],
        },
        LiveKeyRow.OfAct("follow_redirects_hosts", "[]", "[127.0.0.1]", RedirectAsync, "302", "206") with
        {
            With = [("follow_redirects", "3")],
        },
        LiveKeyRow.OfAct("forwarded", "false", "true", ForwardedAsync, "no Forwarded", "Forwarded"),
        LiveKeyRow.OfAct("via_to_origin", "true", "false", ViaAsync, "Via", "no Via"),
        LiveKeyRow.OfAct("upstream_health.max_failures", "1", "3", TriesBeforeRestAsync, "1", "3") with
        {
            With = [("upstream_address", BothAddresses)],
        },
        LiveKeyRow.OfAct("upstream_health.rest", "1d", "5s", TriesAfterMinuteOfRestAsync, "0", "1") with
        {
            With = [("upstream_address", BothAddresses)],
        },
        LiveKeyRow.OfAct("slice_size", "64KiB", "128KiB", bed => bed.AskedAsync(() => bed.GetAsync(bed.NewTarget())), "4", "2"),
        LiveKeyRow.OfAct("max_concurrent_subrequests", "1", "2", PeakAsync, "1", "2"),
        LiveKeyRow.OfAct("prefetch_slices", "0", "1", PrefetchAsync, "2", "3"),
        LiveKeyRow.OfAct("max_retries", "0", "2", TriesAsync, "1", "3"),
        LiveKeyRow.OfAct("hedging", "false", "true", HedgesAsync, "1", "2"),
        LiveKeyRow.OfAct("fill_whole", "0", "1MiB", FillWholeAsync, "1 slice", "4 slices"),
        LiveKeyRow.OfAct("slice_patterns", "[\"^/sliced/\"]", "[]", RangeOfWholeAsync, "whole", "by range"),
        LiveKeyRow.OfAct("validator", "strict", "length", ValidationAsync, "anew", "validated"),
    ];

    private static async Task<string> WhoAnswersAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("200 OK", "first");
        bed.Other.Answer = exchange => exchange.RespondAsync("200 OK", "second");
        return (await bed.GetAsync(bed.NewTarget())).BodyText;
    }

    private static async Task<string> HostAsync(LiveKeyBed bed)
    {
        await bed.GetAsync(bed.NewTarget());
        string? host = bed.Origin.Requests[^1].Field("Host");
        return host == "test.example" ? "the client's" : host == bed.Origin.Authority ? "the origin's" : $"{host}";
    }

    private static async Task<string> LocationAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("302 Found", "", $"Location: {bed.Origin.Uri}dir/");
        string? location = (await bed.GetAsync(bed.NewTarget())).Field("Location");
        return location == "http://test.example/dir/" ? "the client's"
            : location == $"{bed.Origin.Uri}dir/" ? "the origin's"
            : $"{location}";
    }

    private static async Task<string> RedirectAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("302 Found", "", $"Location: {bed.Other.Uri}elsewhere");
        return (await bed.GetAsync(bed.NewTarget(), "Range: bytes=0-0")).StatusCode.ToString(CultureInfo.InvariantCulture);
    }

    private static async Task<string> ForwardedAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("200 OK");
        await bed.SendAsync("POST", bed.NewTarget(), "Content-Length: 0");
        return bed.Origin.Requests[^1].Field("Forwarded") is null ? "no Forwarded" : "Forwarded";
    }

    private static async Task<string> ViaAsync(LiveKeyBed bed)
    {
        await bed.GetAsync(bed.NewTarget());
        return bed.Origin.Requests[^1].Field("Via") is null ? "no Via" : "Via";
    }

    // The origin fails each time, the other one stands in; after so many failures nobody asks the first one any more.
    private static Task<string> TriesBeforeRestAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.ResetAsync();
        return bed.AskedAsync(() => GetEightAsync(bed));
    }

    private static async Task<string> TriesAfterMinuteOfRestAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.ResetAsync();
        Assert.Equal("1", await bed.AskedAsync(() => GetEightAsync(bed)));
        bed.PassMinute();
        return await bed.AskedAsync(() => GetEightAsync(bed));
    }

    private static async Task GetEightAsync(LiveKeyBed bed)
    {
        for (int request = 0; request < 8; request++)
        {
            Assert.Equal(206, (await bed.GetAsync(bed.NewTarget(), "Range: bytes=0-0")).StatusCode);
        }
    }

    // The slices behind the first are held until there are as many as the value of the moment allows.
    private static async Task<string> PeakAsync(LiveKeyBed bed)
    {
        int held = bed.IsReloaded ? 3 : 2;
        var gate = new Lock();
        int begun = 0;
        int now = 0;
        int most = 0;
        bed.Origin.Answer = async exchange =>
        {
            Count(1);
            bool isFirst = exchange.Request.Range!.Value.First == 0;
            await (isFirst ? Task.CompletedTask : Eventually.TrueAsync(() => Volatile.Read(ref begun) >= held, $"{held} requests"));
            Count(-1);
            await bed.File.AnswerAsync(exchange);
        };
        await bed.GetAsync(bed.NewTarget());
        return most.ToString(CultureInfo.InvariantCulture);

        void Count(int change)
        {
            lock (gate)
            {
                now += change;
                most = Math.Max(most, now);
                begun += Math.Max(change, 0);
            }
        }
    }

    // The second range goes on where the first one ended, and the third slice is fetched behind it. On one connection: on two the second
    // may be over before the first is known to be.
    private static async Task<string> PrefetchAsync(LiveKeyBed bed)
    {
        int before = bed.Origin.RequestCount;
        string target = bed.NewTarget();
        using var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        foreach (string range in (string[])["bytes=0-65535", "bytes=65536-131071"])
        {
            await client.SendAsync(RawClient.Request("GET", target, $"Range: {range}"));
            Assert.Equal(206, (await client.ReadResponseAsync()).StatusCode);
        }

        await bed.Origin.RequestsArrivedAsync(before + (bed.IsReloaded ? 3 : 2));
        return (bed.Origin.RequestCount - before).ToString(CultureInfo.InvariantCulture);
    }

    private static Task<string> TriesAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = exchange => exchange.RespondAsync("503 Service Unavailable", "", "Retry-After: 0");
        return bed.AskedAsync(() => bed.PassUntilAsync(bed.GetAsync(bed.NewTarget())));
    }

    // Forty answers tell what is usual; the next one is stuck.
    private static async Task<string> HedgesAsync(LiveKeyBed bed)
    {
        for (int count = 0; count < 10; count++)
        {
            await bed.GetAsync(bed.NewTarget());
        }

        var released = new TaskCompletionSource();
        int isNext = 1;
        bed.File.Fault = _ => Interlocked.Exchange(ref isNext, 0) == 1 ? new RangeFault { HeadGate = released.Task } : null;
        int before = bed.Origin.RequestCount;

        // One slice: others that are on their way while time passes would be late, too.
        var getting = bed.GetAsync(bed.NewTarget(), "Range: bytes=0-0");
        await bed.Origin.RequestsArrivedAsync(before + 1);
        if (bed.IsReloaded)
        {
            await bed.PassUntilAsync(() => bed.Origin.RequestCount > before + 1);
            await getting;
        }

        released.SetResult();
        await getting;
        return (bed.Origin.RequestCount - before).ToString(CultureInfo.InvariantCulture);
    }

    private static async Task<string> FillWholeAsync(LiveKeyBed bed)
    {
        bed.File.SupportsRanges = false;
        string target = bed.NewTarget();
        await bed.GetAsync(target, "Range: bytes=0-0");
        var store = bed.Proxy.Composition.Store;
        int least = bed.IsReloaded ? 5 : 1;
        await Eventually.TrueAsync(() => store.SliceCount >= least, () => $"{store.SliceCount} slices");
        return bed.IsReloaded ? "4 slices" : $"{store.SliceCount} slice";
    }

    private static async Task<string> RangeOfWholeAsync(LiveKeyBed bed)
    {
        await bed.GetAsync(bed.NewTarget("/whole/"));
        return bed.Origin.Requests[^1].Range is null ? "whole" : "by range";
    }

    private static async Task<string> ValidationAsync(LiveKeyBed bed)
    {
        bed.File.ETag = "W/\"v1\"";
        bed.File.LastModified = null;
        bed.File.ExtraFields = ["Cache-Control: max-age=5"];
        string target = bed.NewTarget();
        await bed.GetAsync(target, "Range: bytes=0-0");
        bed.PassMinute();
        await bed.GetAsync(target, "Range: bytes=0-0");
        return bed.Origin.Requests[^1].Field("If-None-Match") is null ? "anew" : "validated";
    }
}
