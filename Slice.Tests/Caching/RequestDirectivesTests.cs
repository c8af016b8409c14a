using Slice.Core.Caching;
using Slice.Tests.Support;

namespace Slice.Tests.Caching;

public sealed class RequestDirectivesTests
{
    [Fact]
    public void Request_without_directives_has_none() => Assert.Equal(default, Read());

    [Fact]
    public void Directives_of_all_lines_are_read()
    {
        var directives = Read(
            "Cache-Control: max-age=5 , No-Store", "cache-control: min-fresh=\"6\", max-stale=7, only-if-cached, stale-if-error=8");
        Assert.Equal(
            new RequestDirectives
            {
                NoStore = true,
                OnlyIfCached = true,
                MaxAge = TimeSpan.FromSeconds(5),
                MinFresh = TimeSpan.FromSeconds(6),
                MaxStale = TimeSpan.FromSeconds(7),
                StaleIfError = TimeSpan.FromSeconds(8),
            },
            directives);
    }

    [Fact]
    public void Max_stale_without_value_is_any_time() => Assert.Equal(TimeSpan.MaxValue, Read("Cache-Control: max-stale").MaxStale);

    [Theory]
    [InlineData("max-age=x", 0)]
    [InlineData("max-age=-1", 0)]
    [InlineData("max-age=99999999999", int.MaxValue)]
    public void Max_age_that_is_no_number_takes_nothing_old(string value, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read("Cache-Control: " + value).MaxAge);

    [Theory]
    [InlineData(true, "Pragma: no-cache")]
    [InlineData(true, "Pragma: x, NO-CACHE")]
    [InlineData(false, "Pragma: no-cache", "Cache-Control: x")]
    [InlineData(false, "Pragma: cache")]
    public void Pragma_counts_where_there_is_no_cache_control(bool isNoCache, params string[] lines) =>
        Assert.Equal(isNoCache, Read(lines).NoCache);

    [Fact]
    public void Value_too_long_to_look_at_is_no_cache() => Assert.True(Read("Cache-Control: " + new string('x', 513)).NoCache);

    private static RequestDirectives Read(params string[] lines) => RequestDirectives.Read(Heads.Get(lines).Fields);
}
