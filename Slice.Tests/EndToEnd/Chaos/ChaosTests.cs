using System.Diagnostics;
using System.Globalization;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// Good clients beside hostile ones of every kind, over an origin that changes and refuses: no good request fails, waits behind a hostile
/// one, or sees a byte or a field that was not for it. <c>SLICE_CHAOS_SECONDS</c> makes it longer and measures (docs/testing.md).
/// </summary>
[Trait("Behaviour", "B50")]
[Trait("Behaviour", "B51")]
[Trait("Behaviour", "B52")]
[Trait("Behaviour", "B54")]
[Trait("Behaviour", "B56")]
public sealed class ChaosTests
{
    // Good requests, and acts of each hostile kind, of an ordinary run.
    private const int Requests = 300;
    private const int Acts = 4;

    // 0: an ordinary run.
    private static readonly int s_seconds =
        int.Parse(Environment.GetEnvironmentVariable("SLICE_CHAOS_SECONDS") ?? "0", CultureInfo.InvariantCulture);

    private static readonly IReadOnlyList<HostileKind> s_hostile =
        [.. HostileFields.Kinds, .. HostileSpellings.Kinds, .. HostileConnections.Kinds, .. HostileMethods.Kinds];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hostile_clients_cost_good_ones_nothing(bool forwardsHost)
    {
        // Host is a part of the key in one of them. Each has a seed of its own: a fixed one, and a new one.
        ulong seed = FuzzRun.Seeds()[forwardsHost ? ^1 : 0];
        await using var run = await ChaosRun.StartAsync(seed, forwardsHost ? "forward_host: true" : "forward_host: false");

        if (s_seconds > 0)
        {
            await MeasureAsync(run);
        }
        else
        {
            // Slow URLs cost good requests seconds: once in both runs is enough.
            HostileKind[] hostile = [.. s_hostile.Where(kind => !forwardsHost || kind.Acts >= Acts)];
            await run.RunAsync(hostile, () => run.GoodRequests >= Requests && hostile.All(
                kind => run.Acts.GetValueOrDefault(kind.Name) >= Math.Min(kind.Acts, Acts)));
        }

        run.AssertNothingWasWrong(mayRefetchOneIn: s_seconds > 0 ? 100 : 0);
        Say($"{run.GoodRequests} good requests, {run.Acts.Values.Sum()} hostile acts, {run.Origin.RequestCount} requests at the origin");
    }

    // Counted and not timed: behind the whole line there would be 57 before the good one.
    [Fact]
    public async Task Good_request_does_not_wait_for_all_who_came_before()
    {
        const int Turns = 8;
        await using var run = await ChaosRun.StartAsync(FuzzRun.FixedSeed, $"limits:\n  max_origin_requests: {Turns}");
        var slow = new List<RawClient>();
        for (int number = 0; number < 65; number++)
        {
            slow.Add(await RawClient.ConnectAsync(run.Product.EndPoint));
            await slow[^1].SendAsync(RawClient.Request("GET", $"/files/slow?{number}"));
        }

        await Eventually.TrueAsync(() => run.Origin.SlowRequests >= Turns, "the slow ones have all turns");
        var requests = new GoodRequests(run.Origin.Catalogue, new FuzzRandom(FuzzRun.FixedSeed), () => 1);
        using var good = new GoodClient(run.Product.EndPoint, "127.0.0.2");
        var answer = good.AskAsync(requests.Whole("/files/once/1"), isNew: true);

        int ended = 0;
        for (; !answer.IsCompleted && ended < 57; ended++)
        {
            run.Origin.SlowAnswers.Release();
            int arrived = Turns + ended + 1;
            await Eventually.TrueAsync(
                () => run.Origin.SlowRequests + run.Origin.OnceRequests >= arrived || answer.IsCompleted, "the next one has its turn");
        }

        Assert.Null((await answer).Problem);
        Assert.InRange(ended, 0, 32);
        slow.ForEach(client => client.Dispose());
    }

    private static async Task MeasureAsync(ChaosRun run)
    {
        var pause = TimeSpan.FromMilliseconds(20);
        await run.RunAsync([], () => run.GoodRequests >= Requests);
        var alone = await run.RunAsync([], For(s_seconds * 0.1), pause);
        var beside = await run.RunAsync([.. s_hostile.Select(kind => kind with { Acts = int.MaxValue })], For(s_seconds * 0.4), pause);
        double ratio = At(0.5, beside) / At(0.5, alone);
        Say($"median alone {At(0.5, alone):F2} ms, beside hostile ones {At(0.5, beside):F2} ms: ratio {ratio:F2}; "
            + $"95 % alone {At(0.95, alone):F2} ms, beside {At(0.95, beside):F2} ms");
        if (ratio > 2)
        {
            run.Report($"slower by a factor of {ratio:F2}");
        }
    }

    private static Func<bool> For(double seconds)
    {
        long from = Stopwatch.GetTimestamp();
        return () => Stopwatch.GetElapsedTime(from) > TimeSpan.FromSeconds(seconds);
    }

    private static double At(double share, IReadOnlyList<TimeSpan> times) =>
        times.Order().ElementAt((int)(share * (times.Count - 1))).TotalMilliseconds;

    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
