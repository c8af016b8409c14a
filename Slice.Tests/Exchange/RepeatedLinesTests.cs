using Microsoft.Extensions.Time.Testing;
using Slice.Net.Exchange;

namespace Slice.Tests.Exchange;

/// <summary>An outage has a line per second and cause, not one per request.</summary>
public sealed class RepeatedLinesTests : IDisposable
{
    private static readonly LineCause s_refused = new("origin_failed", "http://a", "connection_refused");
    private static readonly LineCause s_timeout = new("origin_failed", "http://a", "connection_timeout");

    private readonly FakeTimeProvider _time = new();
    private readonly List<(LineCause Cause, long Count)> _sums = [];
    private readonly RepeatedLines _lines;

    public RepeatedLinesTests() => _lines = new RepeatedLines(_time, (cause, count) => _sums.Add((cause, count)));

    public void Dispose() => _lines.Dispose();

    [Fact]
    public void First_line_is_written_at_once_and_the_others_are_summed_up_each_second()
    {
        Assert.True(_lines.MayWrite(s_refused));
        Assert.False(_lines.MayWrite(s_refused));
        Assert.False(_lines.MayWrite(s_refused));
        Assert.Empty(_sums);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_lines.MayWrite(s_refused));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([(s_refused, 2L), (s_refused, 1L)], _sums);
    }

    [Fact]
    public void After_a_second_without_any_the_next_is_the_first_again()
    {
        Assert.True(_lines.MayWrite(s_refused));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_lines.MayWrite(s_refused));
        Assert.Empty(_sums);
    }

    [Fact]
    public void Causes_are_told_apart()
    {
        Assert.True(_lines.MayWrite(s_refused));
        Assert.True(_lines.MayWrite(s_timeout));
        Assert.True(_lines.MayWrite(s_refused with { Address = "http://b" }));
        Assert.False(_lines.MayWrite(s_timeout));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([(s_timeout, 1L)], _sums);
    }

    [Fact]
    public void Too_many_causes_are_summed_up_together()
    {
        int written = 0;
        for (int cause = 0; cause < 10_000; cause++)
        {
            written += _lines.MayWrite(new LineCause("e", cause.ToString(System.Globalization.CultureInfo.InvariantCulture), "")) ? 1 : 0;
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(written, 200, 300);
        Assert.Equal((10_000 - written, "others"), (_sums.Sum(sum => sum.Count), Assert.Single(_sums).Cause.Event));
    }

    [Fact]
    public void End_sums_up_what_is_left()
    {
        Assert.True(_lines.MayWrite(s_refused));
        Assert.False(_lines.MayWrite(s_refused));
        _lines.Dispose();
        Assert.Equal([(s_refused, 1L)], _sums);
    }
}
