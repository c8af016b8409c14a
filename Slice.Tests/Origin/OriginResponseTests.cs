using Slice.Tests.Support;

namespace Slice.Tests.Origin;

public class OriginResponseTests
{
    private static FakeOriginResponse Response => new(200, "X-One: 1", "X-Two: 2", "x-two: 3");

    [Theory]
    [InlineData("X-One", "1")]
    [InlineData("x-one", "1")]
    [InlineData("X-Two", null)]
    [InlineData("X-None", null)]
    public void FindSingle_finds_a_field_that_stands_once(string name, string? value) => Assert.Equal(value, Response.FindSingle(name));

    [Theory]
    [InlineData("x-one", "1")]
    [InlineData("X-Two", "2, 3")]
    [InlineData("X-None", null)]
    public void FindCombined_joins_the_lines_in_order(string name, string? value) => Assert.Equal(value, Response.FindCombined(name));
}
