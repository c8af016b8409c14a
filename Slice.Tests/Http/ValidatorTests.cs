using Slice.Core.Http;

namespace Slice.Tests.Http;

public class ValidatorTests
{
    private const string Monday = "Mon, 05 Jan 2026 00:00:00 GMT";
    private const string Tuesday = "Tue, 06 Jan 2026 00:00:00 GMT";

    [Theory]
    [InlineData("\"a\"", null, 5, "\"a\"", null, 5, true)]
    [InlineData("\"a\"", null, 5, "\"b\"", null, 5, false)]
    [InlineData("\"a\"", null, 5, "\"a\"", null, 6, false)]
    [InlineData("\"a\"", null, 5, "W/\"a\"", null, 5, false)]
    [InlineData("\"a\"", Monday, 5, null, Monday, 5, false)]
    [InlineData(null, Monday, 5, "\"a\"", Monday, 5, false)]
    [InlineData("\"a\"", Monday, 5, "\"a\"", Tuesday, 5, true)]
    [InlineData("\"a\"", Monday, 5, "\"a\"", null, 5, true)]
    [InlineData("W/\"a\"", Monday, 5, "W/\"a\"", Monday, 5, true)]
    [InlineData("W/\"a\"", Monday, 5, "W/\"a\"", Tuesday, 5, false)]
    [InlineData("W/\"a\"", Monday, 5, "W/\"b\"", Monday, 5, false)]
    [InlineData(null, Monday, 5, null, Monday, 5, true)]
    [InlineData(null, Monday, 5, null, Tuesday, 5, false)]
    [InlineData(null, Monday, 5, null, null, 5, false)]
    [InlineData(null, null, 5, null, null, 5, true)]
    [InlineData(null, null, 5, null, null, 6, false)]
    [Trait("Behaviour", "B23")]
    public void Same_version_needs_everything_stated_to_agree(
        string? tag, string? modified, long length, string? otherTag, string? otherModified, long otherLength, bool isSame) =>
        Assert.Equal(isSame, new Validator(tag, modified, length).IsSameVersion(new Validator(otherTag, otherModified, otherLength)));

    [Theory]
    [InlineData("\"a\"", true)]
    [InlineData("W/\"a\"", false)]
    [InlineData(null, false)]
    public void Entity_tag_is_strong_unless_weak_or_absent(string? tag, bool isStrong) =>
        Assert.Equal(isStrong, new Validator(tag, null, 1).HasStrongEntityTag);

    [Fact]
    public void Length_alone_is_no_validator()
    {
        Assert.False(new Validator(null, null, 1).IsPresent);
        Assert.True(new Validator("W/\"a\"", null, 1).IsPresent);
        Assert.True(new Validator(null, Monday, 1).IsPresent);
    }
}
