using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public class PreconditionsTests
{
    private const string Before = "Sun, 06 Nov 1994 08:49:36 GMT";
    private const string Same = "Sun, 06 Nov 1994 08:49:37 GMT";
    private const string After = "Sun, 06 Nov 1994 08:49:38 GMT";

    private static readonly DateTimeOffset s_modified = new(1994, 11, 6, 8, 49, 37, TimeSpan.Zero);
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [Trait("Behaviour", "B9")]
    [InlineData("", PreconditionResult.Proceed)]
    [InlineData("If-Match: \"v1\"", PreconditionResult.Proceed)]
    [InlineData("If-Match: *", PreconditionResult.Proceed)]
    [InlineData("If-Match: \"v0\", \"v1\"", PreconditionResult.Proceed)]
    [InlineData("If-Match: \"v0\"\r\nIf-Match: \"v1\"", PreconditionResult.Proceed)]
    [InlineData("If-Match: \"v0\"", PreconditionResult.PreconditionFailed)]
    [InlineData("If-Match: W/\"v1\"", PreconditionResult.PreconditionFailed)]
    [InlineData("If-Match: v1", PreconditionResult.PreconditionFailed)]
    [InlineData("If-Unmodified-Since: " + Same, PreconditionResult.Proceed)]
    [InlineData("If-Unmodified-Since: " + After, PreconditionResult.Proceed)]
    [InlineData("If-Unmodified-Since: " + Before, PreconditionResult.PreconditionFailed)]
    [InlineData("If-Unmodified-Since: yesterday", PreconditionResult.Proceed)]
    [InlineData("If-Unmodified-Since: " + Before + "\r\nIf-Unmodified-Since: " + Before, PreconditionResult.Proceed)]
    [InlineData("If-None-Match: \"v1\"", PreconditionResult.NotModified)]
    [InlineData("If-None-Match: W/\"v1\"", PreconditionResult.NotModified)]
    [InlineData("If-None-Match: *", PreconditionResult.NotModified)]
    [InlineData("If-None-Match: \"v0\", W/\"v1\"", PreconditionResult.NotModified)]
    [InlineData("If-None-Match: \"v0\"", PreconditionResult.Proceed)]
    [InlineData("If-None-Match: \"v1\"\r\nRange: bytes=0-0", PreconditionResult.NotModified)]
    [InlineData("If-Modified-Since: " + Same, PreconditionResult.NotModified)]
    [InlineData("If-Modified-Since: " + After, PreconditionResult.NotModified)]
    [InlineData("If-Modified-Since: " + Before, PreconditionResult.Proceed)]
    [InlineData("If-Modified-Since: yesterday", PreconditionResult.Proceed)]
    public void Precondition_alone_decides(string lines, PreconditionResult result) => Assert.Equal(result, Evaluate(lines));

    [Theory]
    [Trait("Behaviour", "B9")]
    [InlineData("If-Match: \"v1\"\r\nIf-Unmodified-Since: " + Before, PreconditionResult.Proceed)]
    [InlineData("If-Match: \"v0\"\r\nIf-None-Match: \"v1\"", PreconditionResult.PreconditionFailed)]
    [InlineData("If-Match: \"v1\"\r\nIf-None-Match: \"v1\"", PreconditionResult.NotModified)]
    [InlineData("If-Unmodified-Since: " + Before + "\r\nIf-None-Match: \"v1\"", PreconditionResult.PreconditionFailed)]
    [InlineData("If-None-Match: \"v0\"\r\nIf-Modified-Since: " + After, PreconditionResult.Proceed)]
    [InlineData("If-None-Match: \"v1\"\r\nIf-Modified-Since: " + Before, PreconditionResult.NotModified)]
    public void Preconditions_are_taken_in_order(string lines, PreconditionResult result) => Assert.Equal(result, Evaluate(lines));

    [Theory]
    [Trait("Behaviour", "B9")]
    [InlineData("If-None-Match: \"v1\"", PreconditionResult.PreconditionFailed)]
    [InlineData("If-Modified-Since: " + After, PreconditionResult.Proceed)]
    public void Precondition_of_another_method_never_leads_to_304(string lines, PreconditionResult result) =>
        Assert.Equal(result, Evaluate(lines, RequestMethod.Put));

    [Theory]
    [Trait("Behaviour", "B9")]
    [InlineData("If-Match: \"v1\"", PreconditionResult.PreconditionFailed)]
    [InlineData("If-Match: *", PreconditionResult.Proceed)]
    [InlineData("If-None-Match: \"v1\"", PreconditionResult.Proceed)]
    [InlineData("If-None-Match: *", PreconditionResult.NotModified)]
    [InlineData("If-Unmodified-Since: " + Before, PreconditionResult.Proceed)]
    [InlineData("If-Modified-Since: " + After, PreconditionResult.Proceed)]
    public void Precondition_without_stored_validator_matches_only_the_asterisk(string lines, PreconditionResult result) =>
        Assert.Equal(result, Preconditions.Evaluate(FieldsOf(lines), RequestMethod.Get, default, s_now));

    [Theory]
    [Trait("Behaviour", "B10")]
    [InlineData("", "\"v1\"", true)]
    [InlineData("If-Range: \"v1\"", "\"v1\"", true)]
    [InlineData("If-Range: \"v0\"", "\"v1\"", false)]
    [InlineData("If-Range: W/\"v1\"", "\"v1\"", false)]
    [InlineData("If-Range: W/\"v1\"", "W/\"v1\"", false)]
    [InlineData("If-Range: \"v1\"", "W/\"v1\"", false)]
    [InlineData("If-Range: \"v1\"", "", false)]
    [InlineData("If-Range: \"v1\"\r\nIf-Range: \"v1\"", "\"v1\"", false)]
    [InlineData("If-Range: v1", "\"v1\"", false)]
    [InlineData("If-Range:", "\"v1\"", false)]
    public void IfRange_entity_tag_matches_strongly_or_not_at_all(string lines, string storedTag, bool allowsRange)
    {
        var stored = new StoredValidators { EntityTag = Encoding.Latin1.GetBytes(storedTag) };
        Assert.Equal(allowsRange, Preconditions.AllowsRange(FieldsOf(lines), stored, s_now));
    }

    [Theory]
    [Trait("Behaviour", "B10")]
    [InlineData(Same, 1, true)]
    [InlineData(Same, 3600, true)]
    [InlineData(Same, 0, false)]
    [InlineData(Same, -1, false)]
    [InlineData(Before, 1, false)]
    [InlineData(After, 1, false)]
    public void IfRange_date_matches_a_strong_last_modified_exactly(string date, int secondsToDate, bool allowsRange)
    {
        var stored = new StoredValidators { LastModified = s_modified, Date = s_modified.AddSeconds(secondsToDate) };
        Assert.Equal(allowsRange, Preconditions.AllowsRange(FieldsOf($"If-Range: {date}"), stored, s_now));
    }

    [Fact]
    [Trait("Behaviour", "B10")]
    public void IfRange_date_without_stored_date_is_weak() =>
        Assert.False(Preconditions.AllowsRange(FieldsOf($"If-Range: {Same}"), new StoredValidators { LastModified = s_modified }, s_now));

    private static PreconditionResult Evaluate(string lines, RequestMethod method = RequestMethod.Get) =>
        Preconditions.Evaluate(FieldsOf(lines), method, new StoredValidators { EntityTag = "\"v1\""u8, LastModified = s_modified }, s_now);

    private static FieldTable FieldsOf(string lines) => Heads.Parse(lines.Length == 0 ? "Host: a" : $"Host: a\r\n{lines}").Fields;
}
