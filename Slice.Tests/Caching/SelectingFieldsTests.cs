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

    // What does not come into the value is bounded too, as is the field that can take a line out of the request.
    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData(2000, 0, true)]
    [InlineData(2048, 0, false)]
    [InlineData(0, 1024, true)]
    [InlineData(0, 1025, false)]
    public void Request_with_more_than_is_read_selects_nothing(int commas, int options, bool matches)
    {
        Assert.True(SelectingFields.TryRead("X-A", Lines("X-A: 1"), passesAcceptEncoding: true, out var selecting));
        string connection = string.Concat(Enumerable.Repeat("b,", options));
        Assert.Equal(matches, selecting!.Match(Heads.Get($"X-A: {new string(',', commas)}1", $"Connection: {connection}").Fields));
    }

    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData("X-A", true)]
    [InlineData("X-B", false)]
    public void Field_that_Connection_names_selects_as_if_it_were_not_there(string option, bool matches)
    {
        Assert.True(SelectingFields.TryRead("X-A", Lines("X-C: 1"), passesAcceptEncoding: true, out var selecting));
        Assert.Equal(matches, selecting!.Match(Heads.Get("X-A: ", "X-A: 1", $"Connection: close, {option}").Fields));
    }

    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void More_elements_than_are_ordered_stay_as_they_came(int elements, bool matches)
    {
        string[] values = [.. Enumerable.Range(10, elements).Select(number => $"x{number}")];
        string forward = "Accept-Language: " + string.Join(',', values);
        string backward = "Accept-Language: " + string.Join(',', values.Reverse());
        Assert.True(SelectingFields.TryRead("Accept-Language", Lines(forward), passesAcceptEncoding: true, out var selecting));
        Assert.True(selecting!.Match(Heads.Get(forward).Fields));
        Assert.Equal(matches, selecting.Match(Heads.Get(backward).Fields));
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
