using Slice.Core.Http;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>Bytes 4 to 7 of an object of 16 are asked for, in every test.</summary>
public class PartialResponseCheckTests
{
    private static readonly ByteRange s_asked = new(4, 8);
    private static readonly Validator s_pinned = new("\"v1\"", "Thu, 01 Jan 2026 12:00:00 GMT", 16);

    [Theory]
    [InlineData(4, 8, 16, "Content-Range: bytes 4-7/16")]
    [InlineData(4, 8, 16, "Content-Range: bytes 4-7/16", "Content-Length: 4")]
    [InlineData(4, 8, 16, "Content-Range: bytes 4-7/16", "Content-Encoding: Identity")]
    [InlineData(4, 8, 16, "Content-Range: bytes 4-7/16", "Content-Encoding: gzip")]
    [InlineData(4, 8, 16, "Content-Range: bytes 4-7/16", "Content-Type: text/plain; a=multipart/byteranges")]
    [InlineData(4, 5, 16, "Content-Range: bytes 4-4/16")]
    [InlineData(4, 6, 6, "Content-Range: bytes 4-5/6")]
    [InlineData(4, 8, -1, "Content-Range: bytes 4-7/*")]
    public void Part_that_was_asked_for_or_its_beginning_is_accepted(long start, long end, long completeLength, params string[] fieldLines)
    {
        Assert.True(PartialResponseCheck.TryAccept(new FakeOriginResponse(206, fieldLines), s_asked, out var part, out var failure));
        Assert.Equal(new CheckedPart(new ByteRange(start, end), completeLength), part);
        Assert.False(failure.IsError);
    }

    // B16.
    [Theory]
    [InlineData]
    [InlineData("Content-Range: bytes 4-7/16", "Content-Range: bytes 4-7/16")]
    [InlineData("Content-Range: bytes 4-7")]
    [InlineData("Content-Range: 4-7/16")]
    [InlineData("Content-Range: items 4-7/16")]
    [InlineData("Content-Range: bytes */16")]
    [InlineData("Content-Range: bytes 7-4/16")]
    [InlineData("Content-Range: bytes 4-7/7")]
    [InlineData("Content-Range: bytes 4-7/99999999999999999999")]
    [InlineData("Content-Range: bytes 3-7/16")]
    [InlineData("Content-Range: bytes 5-7/16")]
    [InlineData("Content-Range: bytes 0-15/16")]
    [InlineData("Content-Range: bytes 4-8/16")]
    [InlineData("Content-Range: bytes 4-7/16", "Content-Length: 3")]
    [InlineData("Content-Range: bytes 4-7/16", "Content-Length: 5")]
    [InlineData("Content-Type: multipart/byteranges; boundary=x")]
    [InlineData("Content-Range: bytes 4-7/16", "Content-Type: multipart/byteranges; boundary=x")]
    [InlineData("Content-Range: bytes 4-7/16", "Content-Type: Multipart/ByteRanges")]
    [Trait("Behaviour", "B16")]
    public void Anything_that_could_misplace_a_byte_is_refused(params string[] fieldLines)
    {
        Assert.False(PartialResponseCheck.TryAccept(new FakeOriginResponse(206, fieldLines), s_asked, out _, out var failure));
        Assert.Equal(FetchError.UnusablePartialResponse, failure.Error);
        Assert.NotEmpty(failure.Detail);
    }

    [Theory]
    [InlineData(206, FetchError.None, "Content-Range: bytes 4-7/16", "ETag: \"v1\"")]
    [InlineData(206, FetchError.None, "Content-Range: bytes 4-7/*", "ETag: \"v1\"")]
    [InlineData(206, FetchError.None, "Content-Range: bytes 4-4/16", "ETag: \"v1\"")]
    [InlineData(206, FetchError.None, "Content-Range: bytes 4-7/16", "ETag: \"v1\"", "Content-Encoding: Identity")]
    [InlineData(206, FetchError.None, "Content-Range: bytes 4-7/16", "ETag: \"v1\"", "Content-Encoding: ")]
    [InlineData(206, FetchError.ObjectChanged, "Content-Range: bytes 4-7/16", "ETag: \"v1\"", "Content-Encoding: gzip")]
    [InlineData(206, FetchError.ObjectChanged, "Content-Range: bytes 4-7/16", "ETag: \"v1\"", "Content-Encoding: identity, br")]
    [InlineData(206, FetchError.ObjectChanged, "Content-Range: bytes 4-7/16", "ETag: \"v2\"")]
    [InlineData(206, FetchError.ObjectChanged, "Content-Range: bytes 4-7/16")]
    [InlineData(206, FetchError.ObjectChanged, "Content-Range: bytes 4-7/17", "ETag: \"v1\"")]
    [InlineData(206, FetchError.UnusablePartialResponse, "Content-Range: bytes 5-7/16", "ETag: \"v2\"")]
    [InlineData(200, FetchError.RangeIgnored, "Content-Length: 16", "ETag: \"v1\"")]
    [InlineData(200, FetchError.RangeIgnored, "ETag: \"v1\"")]
    [InlineData(200, FetchError.ObjectChanged, "ETag: \"v2\"")]
    [InlineData(200, FetchError.ObjectChanged, "ETag: \"v1\"", "Content-Encoding: br")]
    [InlineData(200, FetchError.None, "Content-Length: 4", "ETag: \"v1\"", "Content-Range: bytes 4-7/16")]
    [InlineData(200, FetchError.None, "Content-Length: 4", "ETag: \"v1\"", "Content-Range: bytes 4-7/*")]
    [InlineData(200, FetchError.ObjectChanged, "Content-Length: 4", "ETag: \"v2\"", "Content-Range: bytes 4-7/16")]
    [InlineData(200, FetchError.UnusablePartialResponse, "Content-Length: 4", "ETag: \"v1\"", "Content-Range: bytes 0-3/16")]
    [InlineData(200, FetchError.RangeIgnored, "Content-Length: 16", "ETag: \"v1\"", "Content-Range: bytes 4-7/16")]
    [InlineData(200, FetchError.UnexpectedStatus, "Content-Length: 16")]
    [InlineData(200, FetchError.ObjectChanged, "Content-Length: 16", "ETag: \"v2\"")]
    [InlineData(200, FetchError.ObjectChanged, "Content-Length: 17", "ETag: \"v1\"")]
    [InlineData(412, FetchError.ObjectChanged)]
    [InlineData(416, FetchError.ObjectChanged)]
    [InlineData(429, FetchError.OriginServerError)]
    [InlineData(500, FetchError.OriginServerError)]
    [InlineData(502, FetchError.OriginServerError)]
    [InlineData(503, FetchError.OriginServerError)]
    [InlineData(504, FetchError.OriginServerError)]
    [InlineData(501, FetchError.OriginRefused)]
    [InlineData(304, FetchError.UnexpectedStatus)]
    [InlineData(301, FetchError.OriginRefused)]
    [InlineData(401, FetchError.OriginRefused)]
    [InlineData(403, FetchError.OriginRefused)]
    [InlineData(431, FetchError.OriginRefused)]
    [InlineData(410, FetchError.UnexpectedStatus)]
    [InlineData(404, FetchError.UnexpectedStatus)]
    [InlineData(204, FetchError.UnexpectedStatus)]
    public void Answer_to_a_pinned_range_says_what_to_do(int status, FetchError error, params string[] fieldLines) =>
        Assert.Equal(error, CheckPinned(status, fieldLines, s_asked, out _));

    // B13.
    [Theory]
    [InlineData(0, 16, FetchError.None, "Content-Length: 16", "ETag: \"v1\"")]
    [InlineData(0, 16, FetchError.None, "Content-Length: 16", "ETag: \"v1\"", "Content-Range: bytes 3-4/5")]
    [InlineData(0, 15, FetchError.RangeIgnored, "Content-Length: 16", "ETag: \"v1\"")]
    [InlineData(1, 16, FetchError.RangeIgnored, "Content-Length: 16", "ETag: \"v1\"")]
    [InlineData(0, 16, FetchError.ObjectChanged, "Content-Length: 16", "ETag: \"v1\"", "Content-Encoding: br")]
    [InlineData(0, 16, FetchError.ObjectChanged, "Content-Length: 16", "ETag: \"v2\"")]
    [InlineData(0, 16, FetchError.ObjectChanged, "Content-Length: 15", "ETag: \"v1\"")]
    public void Whole_answer_serves_only_where_the_whole_was_asked_for(long start, long end, FetchError error, params string[] fieldLines)
    {
        var asked = new ByteRange(start, end);
        Assert.Equal(error, CheckPinned(200, fieldLines, asked, out var part));
        if (error == FetchError.None)
        {
            Assert.Equal(asked, part);
        }
    }

    private static FetchError CheckPinned(int status, string[] fieldLines, ByteRange asked, out ByteRange part)
    {
        using var response = new FakeOriginResponse(status, fieldLines);
        return PartialResponseCheck.CheckPinned(response, asked, s_pinned, ValidatorStrength.Strict, out part).Error;
    }
}
