using Microsoft.Extensions.Time.Testing;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>
/// How many the origin is asked for at a time, by what it answers. The origin here takes a time that depends on how many it has.
/// </summary>
public sealed class OriginLimitTests : IDisposable
{
    private const int Most = 16;

    private readonly FakeTimeProvider _time = new();
    private readonly OriginGate _gate;
    private readonly OriginLimit _limit;

    public OriginLimitTests()
    {
        _gate = new OriginGate(Most, _time, new GatePolicy());
        _limit = new OriginLimit(_gate, _time);
    }

    public void Dispose() => _gate.Dispose();

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Slice_that_is_refused_halves_the_limit_once_for_all_that_were_asked_for_before(int status)
    {
        await RoundAsync(_ => 50, status);
        Assert.Equal(Most / 2, _gate.Limit);

        await RoundAsync(_ => 50, status);
        Assert.Equal(Most / 4, _gate.Limit);
    }

    [Fact]
    public async Task Limit_never_falls_below_one()
    {
        for (int round = 0; round < 20; round++)
        {
            await RoundAsync(_ => 50, 503);
        }

        Assert.Equal(1, _gate.Limit);
    }

    [Fact]
    public async Task Slice_that_is_refused_alone_does_not_lower_the_limit()
    {
        await RoundAsync(_ => 50, 503, most: 1);

        Assert.Equal(Most, _gate.Limit);
    }

    [Fact]
    public async Task Limit_recovers_by_one_a_round_up_to_what_is_allowed()
    {
        await RoundAsync(_ => 50, 503);
        for (int round = 1; round <= Most / 2; round++)
        {
            await RoundAsync(_ => 50);
            Assert.Equal((Most / 2) + round, _gate.Limit);
        }

        await RoundAsync(_ => 50);
        Assert.Equal(Most, _gate.Limit);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(404)]
    [InlineData(206)]
    public async Task Other_answers_do_not_lower_the_limit(int status)
    {
        await RoundAsync(_ => 50, status);

        Assert.Equal(Most, _gate.Limit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(20000)]
    public async Task Origin_that_is_far_away_from_the_beginning_has_the_full_limit(int latencyMs)
    {
        for (int round = 0; round < 40; round++)
        {
            await RoundAsync(_ => latencyMs);
        }

        Assert.Equal(Most, _gate.Limit);
    }

    [Fact]
    public async Task Origin_that_does_one_thing_at_a_time_is_asked_for_few()
    {
        await RoundAsync(inside => 20 * inside, most: 1, repeats: 8);
        var limits = new List<int>();
        for (int round = 0; round < 60; round++)
        {
            await RoundAsync(inside => 20 * inside);
            limits.Add(_gate.Limit);
        }

        Assert.All(limits.Skip(10), limit => Assert.InRange(limit, 1, 6));
    }

    [Fact]
    public async Task Latency_that_does_not_fall_with_the_load_is_not_the_loads()
    {
        await RoundAsync(_ => 20);
        await RoundAsync(_ => 500);
        Assert.Equal(Most / 2, _gate.Limit);

        for (int round = 0; round < 40; round++)
        {
            await RoundAsync(_ => 500);
            Assert.Equal(Most, _gate.Limit);
        }
    }

    [Fact]
    public async Task Path_that_is_slow_by_nature_among_others_does_not_lower_the_limit()
    {
        await RoundAsync(_ => 20);
        for (int round = 0; round < 40; round++)
        {
            await RoundAsync(_ => 20, slowMs: 2000);
        }

        Assert.Equal(Most, _gate.Limit);
    }

    [Fact]
    public async Task What_the_operator_allows_holds_at_once_and_is_reached_again()
    {
        _limit.Allow(4);
        Assert.Equal(4, _gate.Limit);
        _limit.Allow(32);
        Assert.Equal(32, _gate.Limit);

        await RoundAsync(_ => 50, 503);
        _limit.Allow(64);
        Assert.Equal(16, _gate.Limit);
        _limit.Allow(8);
        Assert.Equal(8, _gate.Limit);
    }

    // As many as may be are at the origin together; all are answered after the time that so many take, the last one later if it is slow.
    private async Task RoundAsync(Func<int, int> latencyMs, int status = 206, int most = int.MaxValue, int repeats = 1, int slowMs = 0)
    {
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            var permits = new List<OriginPermit>();
            for (int inside = Math.Min(most, _gate.Limit); permits.Count < inside;)
            {
                var entering = _gate.TryEnterAsync(new GateTicket("", "/"), Deadline.Default, TestContext.Current.CancellationToken);
                permits.Add(await entering ?? throw new InvalidOperationException("no permit"));
            }

            long sentAt = _time.GetTimestamp();
            _time.Advance(TimeSpan.FromMilliseconds(latencyMs(permits.Count)));
            foreach (var permit in permits)
            {
                if (slowMs > 0 && permit == permits[^1])
                {
                    _time.Advance(TimeSpan.FromMilliseconds(slowMs));
                }

                _limit.Answered(status, sentAt);
            }

            permits.ForEach(permit => permit.Dispose());
        }
    }
}
