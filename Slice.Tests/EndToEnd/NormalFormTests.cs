using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A target is matched and keyed in one normal form, and the origin is asked for that form on behalf of all (B43).</summary>
public sealed class NormalFormTests
{
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=60"] };

    [Theory]
    [Trait("Behaviour", "B43")]
    [InlineData("/public/x", true)]
    [InlineData("/%70ublic/x", true, "/public/x")]
    [InlineData("/%70%75%62%6c%69%63/x", true, "/public/x")]
    [InlineData("/private/../public/x", true, "/public/x")]
    [InlineData("/private/%2E%2e/public/x", true, "/public/x")]
    [InlineData("/./public/./x", true, "/public/x")]
    [InlineData("/../public/x", true, "/public/x")]
    [InlineData("/public/../private/x", false, "/private/x")]
    [InlineData("/public/%2e%2e/private/x", false, "/private/x")]
    [InlineData("/public/.%2E/private/x", false, "/private/x")]
    [InlineData("/public/..", false, "/")]
    [InlineData("/public/../../../private/x", false, "/private/x")]
    [InlineData("/public%2Fx", false)]
    [InlineData("/public%252Fx", false)]
    [InlineData("//public/x", false)]
    [InlineData("/Public/x", false)]
    [InlineData("/private?/../public/x", false)]
    public async Task Pattern_and_origin_see_where_the_target_leads(string target, bool isSliced, string? asked = null)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 16, options => options with { SlicePatterns = ["^/public/"] });

        var response = await proxy.GetAsync(target);

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
        var request = Assert.Single(origin.Requests);
        Assert.Equal(asked ?? target, request.Target);
        Assert.Equal(isSliced, request.Field("Range") is not null);
    }

    [Theory]
    [Trait("Behaviour", "B43")]
    [InlineData("/a/x", "/%61/x", true)]
    [InlineData("/a/x", "/b/../a/./x", true)]
    [InlineData("/a/%2fx", "/a/%2Fx", true)]
    [InlineData("/a/x", "/a/%2e%2e/a/x", true)]
    [InlineData("/a/x?b=%41", "/a/x?b=A", true)]
    [InlineData("/a/x", "/a%2Fx", false)]
    [InlineData("/a/x", "/A/x", false)]
    [InlineData("/a/x", "/a//x", false)]
    [InlineData("/a/x", "/a/x/", false)]
    [InlineData("/a/x", "/a/x?", false)]
    [InlineData("/a/x?b=/../c", "/a/x?c", false)]
    [InlineData("/a/%25%34%31", "/a/%41", false)]
    public async Task Targets_of_one_normal_form_are_one_object(string first, string second, bool isSame)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        await proxy.GetAsync(first);

        var response = await proxy.GetAsync(second);

        Assert.Equal(isSame ? "HIT" : "MISS", response.Field("X-Cache"));
        Assert.Equal(isSame ? 1 : 2, origin.RequestCount);
    }
}
