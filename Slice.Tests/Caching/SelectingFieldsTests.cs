using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Caching;

public sealed class SelectingFieldsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" , ,")]
    [InlineData("Accept-Encoding")]
    [InlineData("Range, If-None-Match, Cache-Control, Connection")]
    public void What_every_request_has_alike_selects_nothing(string? vary)
    {
        Assert.True(SelectingFields.TryRead(vary, [], passesAcceptEncoding: false, out var selecting));
        Assert.Null(selecting);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("Accept, *")]
    [InlineData("X-Forwarded-For")]
    [InlineData("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q")]
    public void What_cannot_be_told_apart_is_refused(string vary) =>
        Assert.False(SelectingFields.TryRead(vary, [], passesAcceptEncoding: true, out _));

    [Theory]
    [InlineData("X-A", "X-A: 1", "x-a:  1 ", true)]
    [InlineData("X-A", "X-A: 1, 2", "X-A: 1,2", true)]
    [InlineData("X-A", "X-A: 1, 2", "X-A: 1|X-A: 2", true)]
    [InlineData("X-A", "X-A: 1, 2", "X-A: 2, 1", false)]
    [InlineData("X-A", "X-A: a", "X-A: A", false)]
    [InlineData("X-A", "X-A: 1", "X-A: 1, 1", false)]
    [InlineData("X-A", "X-B: 1", "X-A: ", true)]
    [InlineData("X-A", "X-B: 1", "X-A: 1", false)]
    [InlineData("x-a, X-B", "X-A: 1|X-B: 2", "X-B: 2|X-A: 1", true)]
    [InlineData("x-a, X-B", "X-A: 1|X-B: 2", "X-B: 1|X-A: 2", false)]
    [InlineData("Accept-Language", "Accept-Language: de, en;q=0.5, fr", "Accept-Language: FR,de ,EN;q=0.5", true)]
    [InlineData("Accept-Language", "Accept-Language: de, en;q=0.5", "Accept-Language: de, en", false)]
    [InlineData("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: br", false)]
    public void Request_matches_when_the_values_are_the_same_in_normal_form(string vary, string answered, string asked, bool matches)
    {
        Assert.True(SelectingFields.TryRead(vary, Lines(answered), passesAcceptEncoding: true, out var selecting));
        Assert.Equal(matches, selecting!.Match(Heads.Get(asked.Split('|')).Fields));
        Assert.True(SelectingFields.TryRead(vary, Lines(asked), passesAcceptEncoding: true, out var other));
        Assert.Equal(matches, selecting.Equals(other));
        Assert.True(!matches || selecting.GetHashCode() == other!.GetHashCode());
    }

    [Fact]
    public void Value_longer_than_is_kept_selects_nothing()
    {
        string line = "X-A: " + new string('x', 1024);
        Assert.False(SelectingFields.TryRead("X-A", Lines(line), passesAcceptEncoding: true, out _));
        Assert.True(SelectingFields.TryRead("X-A", Lines("X-A: x"), passesAcceptEncoding: true, out var selecting));
        Assert.False(selecting!.Match(Heads.Get(line).Fields));
    }

    [Fact]
    public void Matching_allocates_nothing()
    {
        Assert.True(SelectingFields.TryRead(
            "Accept-Language, X-A", Lines("Accept-Language: de, en|X-A: 1"), passesAcceptEncoding: true, out var selecting));
        var fields = Heads.Get("Accept-Language: en, de", "X-A: 1").Fields;
        Assert.True(selecting!.Match(fields));
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool matches = selecting.Match(fields);
        Assert.Equal((true, 0L), (matches, GC.GetAllocatedBytesForCurrentThread() - before));
    }

    private static ForwardedField[] Lines(string lines) =>
        [.. lines.Split('|').Select(line => line.Split(": ", 2)).Select(parts => new ForwardedField(parts[0], parts[1]))];
}
