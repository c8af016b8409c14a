using System.Text;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Caching;

public class StoredResponseReaderTests
{
    private const string Now = "Thu, 01 Jan 2026 12:00:00 GMT";
    private const string MinuteAgo = "Thu, 01 Jan 2026 11:59:00 GMT";
    private const string MinuteAhead = "Thu, 01 Jan 2026 12:01:00 GMT";
    private const int DefaultLifetime = 3600;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly StoredResponseReader _reader;

    public StoredResponseReaderTests() =>
        _reader = new StoredResponseReader(new CachePolicy { DefaultLifetime = TimeSpan.FromSeconds(DefaultLifetime) }, _time);

    // B27, as far as implemented: s-maxage, max-age, Expires, then the default.
    [Theory]
    [InlineData(DefaultLifetime)]
    [InlineData(10, "Cache-Control: s-maxage=10, max-age=20", "Expires: " + MinuteAhead)]
    [InlineData(20, "Cache-Control: max-age=20", "Expires: " + MinuteAhead)]
    [InlineData(20, "Cache-Control: public", "Cache-Control: max-age=20")]
    [InlineData(60, "Cache-Control: public", "Expires: " + MinuteAhead)]
    [InlineData(120, "Date: " + MinuteAgo, "Expires: " + MinuteAhead)]
    [InlineData(0, "Date: " + MinuteAhead, "Expires: " + Now)]
    [InlineData(0, "Expires: 0")]
    [InlineData(0, "Expires: -1")]
    [InlineData(0, "Expires: " + MinuteAgo)]
    [InlineData(0, "Expires: " + MinuteAhead, "Expires: " + Now)]
    [InlineData(60, "Date: yesterday", "Expires: " + MinuteAhead)]
    [InlineData(0, "Cache-Control: no-cache, max-age=20")]
    [InlineData(0, "Cache-Control: no-cache=\"Set-Cookie\", max-age=20")]
    [InlineData(0, "Cache-Control: max-age=-5")]
    [InlineData(0, "Cache-Control: s-maxage=0, max-age=20")]
    public void Lifetime_is_the_first_that_is_stated(int seconds, params string[] fieldLines) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read(fieldLines).Freshness.Lifetime);

    // RFC 9111 §4.2.3; §1.2.2 for a number too large; §5.1: of a list the first member counts, and what is no number is ignored.
    [Theory]
    [InlineData(0)]
    [InlineData(60, "Date: " + MinuteAgo)]
    [InlineData(0, "Date: " + MinuteAhead)]
    [InlineData(30, "Age: 30")]
    [InlineData(60, "Age: 30", "Date: " + MinuteAgo)]
    [InlineData(90, "Age: 90", "Date: " + MinuteAgo)]
    [InlineData(0, "Age: -5")]
    [InlineData(0, "Age: +5")]
    [InlineData(0, "Age: 5s")]
    [InlineData(0, "Age: 5.0")]
    [InlineData(0, "Age: \"5\"")]
    [InlineData(0, "Age: 5;a=b")]
    [InlineData(0, "Age: ")]
    [InlineData(60, "Age: old", "Date: " + MinuteAgo)]
    [InlineData(0, "Date: yesterday")]
    [InlineData(int.MaxValue, "Age: 4294967296")]
    [InlineData(int.MaxValue, "Age: 99999999999999999999999")]
    [InlineData(10, "Age: 10, 20")]
    [InlineData(20, "Age: 20 ,10")]
    [InlineData(10, "Age: 10, old")]
    [InlineData(0, "Age: old, 10")]
    [InlineData(0, "Age: , 10")]
    [InlineData(0, "Age: 0", "Age: 10")]
    [InlineData(10, "Age: 10", "Age: 0")]
    public void Age_when_received_is_the_larger_of_Age_and_distance_to_Date(int seconds, params string[] fieldLines) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read(fieldLines).Freshness.AgeWhenReceived);

    [Fact]
    public void Response_is_received_now() => Assert.Equal(Instant.Now(_time), Read().Freshness.ReceivedAt);

    // B28, B29.
    [Theory]
    [InlineData(true)]
    [InlineData(true, "Cache-Control: no-cache")]
    [InlineData(true, "Cache-Control: max-age=0")]
    [InlineData(true, "Vary: Accept-Encoding")]
    [InlineData(true, "Vary: accept-encoding , ,")]
    [InlineData(false, "Cache-Control: no-store")]
    [InlineData(false, "Cache-Control: public", "cache-control: NO-STORE")]
    [InlineData(false, "Cache-Control: private")]
    [InlineData(false, "Cache-Control: private=\"X\"")]
    [InlineData(false, "Set-Cookie: a=b")]
    [InlineData(false, "Vary: *")]
    [InlineData(false, "Vary: Accept-Encoding, *")]
    [InlineData(true, "Vary: Cookie")]
    [InlineData(true, "Vary: Accept-Encoding", "Vary: Origin")]
    [InlineData(false, "Vary: X-Forwarded-For")]
    public void Response_is_shared_unless_something_forbids_it(bool isShared, params string[] fieldLines)
    {
        var response = new FakeOriginResponse(206, fieldLines);
        Assert.Equal(
            isShared,
            _reader.Judge(_reader.Receive(response), RequestSharing.Allowed, FetchBed.Template(), null, out _) == CacheDetail.None);
        var off = new StoredResponseReader(new CachePolicy { IsEnabled = false }, _time);
        Assert.Equal(CacheDetail.CacheOff, off.Judge(off.Receive(response), RequestSharing.Allowed, FetchBed.Template(), null, out _));
    }

    [Fact]
    public void Head_keeps_end_to_end_fields_in_order_and_drops_those_of_the_message()
    {
        var stored = Read(
            "Date: " + MinuteAgo,
            "ETag: \"v1\"",
            "Connection: X-Hop",
            "X-Hop: a",
            "Content-Range: bytes 0-1/16",
            "Content-Length: 2",
            "Accept-Ranges: bytes",
            "Age: 3",
            "Content-Type: text/plain",
            "X-Twice: 1",
            "X-Twice: 2");
        Assert.Equal(
            $"Date: {MinuteAgo}\r\nETag: \"v1\"\r\nContent-Type: text/plain\r\nX-Twice: 1\r\nX-Twice: 2\r\n",
            Text(stored.FieldLines));
        Assert.Equal("text/plain", Text(stored.ContentType));
        Assert.Equal("\"v1\"", Text(stored.EntityTag));
    }

    [Fact]
    public void Head_without_Date_gets_one()
    {
        var stored = Read("ETag: \"v1\"");
        Assert.Equal($"ETag: \"v1\"\r\nDate: {Now}\r\n", Text(stored.FieldLines));
        Assert.Equal(_time.GetUtcNow(), stored.Date);
    }

    [Fact]
    public void Validators_and_dates_are_read()
    {
        var stored = Read("ETag: \"v1\"", "Last-Modified: " + MinuteAgo, "Date: " + Now);
        Assert.Equal(new Validator("\"v1\"", MinuteAgo, 16), stored.Validator);
        Assert.Equal(16, stored.CompleteLength);
        Assert.Equal("\"v1\"", Text(stored.EntityTag));
        Assert.Equal(_time.GetUtcNow().AddMinutes(-1), stored.LastModifiedDate);
        Assert.Equal(_time.GetUtcNow(), stored.Date);
    }

    [Fact]
    public void Validators_that_are_absent_unreadable_or_ambiguous_count_for_nothing()
    {
        var none = Read();
        Assert.Equal(new Validator(null, null, 16), none.Validator);
        Assert.True(none.EntityTag.IsEmpty);
        Assert.Null(none.LastModifiedDate);
        Assert.Null(Read("Last-Modified: yesterday").LastModifiedDate);
        Assert.Null(Read("Date: yesterday").Date);
        Assert.Null(Read("ETag: \"a\"", "ETag: \"b\"").Validator.EntityTag);
    }

    // RFC 9111 §4.3.4, §3.2.
    [Fact]
    public void Not_modified_replaces_fields_of_its_names_and_keeps_the_rest()
    {
        var stored = Read("Date: " + MinuteAgo, "ETag: \"v1\"", "Cache-Control: max-age=1", "X-A: 1", "X-A: 2", "X-B: 3");

        var fresh = Freshen(stored, "Date: " + Now, "cache-control: max-age=60", "X-A: 4", "X-C: 5");

        Assert.Equal($"ETag: \"v1\"\r\nX-B: 3\r\nDate: {Now}\r\ncache-control: max-age=60\r\nX-A: 4\r\nX-C: 5\r\n", Text(fresh.FieldLines));
        Assert.Equal(new Freshness(Instant.Now(_time), TimeSpan.Zero, TimeSpan.FromSeconds(60)), fresh.Freshness);
    }

    [Fact]
    public void Not_modified_changes_nothing_of_the_version()
    {
        var stored = Read("ETag: \"v1\"", "Last-Modified: " + MinuteAgo, "Content-Type: text/plain");

        var fresh = Freshen(
            stored,
            "Date: " + Now,
            "ETag: W/\"v1\"",
            "Last-Modified: " + Now,
            "Content-MD5: x",
            "Content-Encoding: gzip",
            "Content-Length: 99",
            "Content-Range: bytes 0-1/99",
            "Transfer-Encoding: chunked");

        Assert.Equal(stored.Validator, fresh.Validator);
        Assert.Equal($"ETag: \"v1\"\r\nLast-Modified: {MinuteAgo}\r\nContent-Type: text/plain\r\nDate: {Now}\r\n", Text(fresh.FieldLines));
    }

    [Fact]
    public void Not_modified_without_Date_was_made_when_it_came()
    {
        // RFC 9110 §6.6.1. With the Date of the first response it would be old, and stale, at once.
        var stored = Read("Date: " + MinuteAgo, "Cache-Control: max-age=60");
        _time.Advance(TimeSpan.FromHours(1));

        var fresh = Freshen(stored);

        Assert.Equal(TimeSpan.Zero, fresh.Freshness.AgeWhenReceived);
        Assert.True(fresh.Freshness.IsFreshAt(Instant.Now(_time)));
        Assert.Equal("Cache-Control: max-age=60\r\nDate: Thu, 01 Jan 2026 13:00:00 GMT\r\n", Text(fresh.FieldLines));
    }

    [Fact]
    public void Not_modified_counts_its_own_Age()
    {
        var fresh = Freshen(Read("Age: 500"), "Date: " + Now, "Age: 7");
        Assert.Equal(TimeSpan.FromSeconds(7), fresh.Freshness.AgeWhenReceived);
    }

    [Fact]
    public void Not_modified_puts_no_cookie_into_a_response_for_everybody()
    {
        var fresh = Freshen(Read("Date: " + MinuteAgo), "Date: " + Now, "Set-Cookie: session=1");
        Assert.Equal($"Date: {Now}\r\n", Text(fresh.FieldLines));
    }

    [Fact]
    public void Not_modified_keeps_bytes_that_look_like_line_breaks()
    {
        const string Name = "Content-Disposition: attachment; filename=\"\u00c3\u0085.iso\"";
        var fresh = Freshen(Read("Date: " + MinuteAgo, Name), "Date: " + Now);
        Assert.Equal($"{Name}\r\nDate: {Now}\r\n", Text(fresh.FieldLines));
    }

    private StoredResponse Read(params string[] fieldLines) => _reader.Read(new FakeOriginResponse(206, fieldLines), completeLength: 16);

    private StoredResponse Freshen(StoredResponse stored, params string[] fieldLines) =>
        _reader.Freshen(stored, new FakeOriginResponse(304, fieldLines));

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.Latin1.GetString(bytes.Span);
}
