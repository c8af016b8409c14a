using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Which part of the query tells objects apart (B35).</summary>
public sealed class CacheKeyRuleTests
{
    [Theory]
    [InlineData(QueryKey.All, "/f?a=1&b=2", "/f?b=2&a=1", false)]
    [InlineData(QueryKey.All, "/f?a=1", "/f?a=1&utm_source=x&sid=9", true)]
    [InlineData(QueryKey.All, "/f?a=1", "/f?a=2", false)]
    [InlineData(QueryKey.All, "/f", "/f?sid=4", true)]
    [InlineData(QueryKey.Sorted, "/f?a=1&b=2", "/f?b=2&a=1", true)]
    [InlineData(QueryKey.Sorted, "/f?a=1&b=2", "/f?b=2&%61=1", true)]
    [InlineData(QueryKey.Sorted, "/f?a=1", "/f?a=2", false)]
    [InlineData(QueryKey.None, "/f?a=1", "/f?b=2", true)]
    [InlineData(QueryKey.None, "/f", "/f?", true)]
    [InlineData(QueryKey.None, "/f", "/g", false)]
    [Trait("Behaviour", "B35")]
    public async Task Targets_are_one_object_by_the_rule_for_the_query(QueryKey query, string first, string second, bool isSame)
    {
        var file = new RangeFile(8);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8, options => options with
        {
            CacheKeyQuery = query,
            CacheKeyIgnoredArguments = ["utm_*", "sid"],
        });
        await proxy.GetAsync(first);

        Assert.Equal(isSame ? "HIT" : "MISS", (await proxy.GetAsync(second)).Field("X-Cache"));
        Assert.Equal(isSame ? 1 : 2, origin.RequestCount);
        Assert.DoesNotContain(origin.Requests, request => request.Target.Contains("utm_", StringComparison.Ordinal));
    }
}
