using System.Text;
using CsCheck;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public class HttpDateTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov  6 08:49:37 1994")]
    public void Date_in_each_of_the_three_formats_is_the_same_time(string value) =>
        Assert.Equal(new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero), Parse(value));

    [Theory]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799)]
    [InlineData("Thu, 01 Jan 1970 00:00:00 GMT", 0)]
    [InlineData("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800)]
    [InlineData("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800)]
    [InlineData("Mon, 06 Nov 1994 08:49:37 GMT", 784111777)]
    [InlineData("Wednesday, 09-Nov-94 00:00:00 GMT", 784339200)]
    [InlineData("Thu Nov 10 00:00:00 1994", 784425600)]
    public void Date_at_the_edges_is_parsed(string value, long unixSeconds) => Assert.Equal(unixSeconds, Parse(value)?.ToUnixTimeSeconds());

    // Seen from 2026-11-23, the window of a two-digit year ends on 2076-11-23.
    [Theory]
    [InlineData("Monday, 23-Nov-76 00:00:00 GMT", 2076)]
    [InlineData("Monday, 23-Nov-76 00:00:01 GMT", 1976)]
    [InlineData("Monday, 01-Jan-76 00:00:00 GMT", 2076)]
    [InlineData("Monday, 01-Jan-77 00:00:00 GMT", 1977)]
    [InlineData("Monday, 01-Jan-26 00:00:00 GMT", 2026)]
    [InlineData("Monday, 01-Jan-00 00:00:00 GMT", 2000)]
    public void Date_with_two_digit_year_is_at_most_50_years_ahead(string value, int year) => Assert.Equal(year, Parse(value)?.Year);

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 UTC")]
    [InlineData("Sun, 06 Nov 1994 08:49:37")]
    [InlineData("sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 nov 1994 08:49:37 GMT")]
    [InlineData("Xxx, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Xxx 1994 08:49:37 GMT")]
    [InlineData("Sun, 6 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 00 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 31 Nov 1994 08:49:37 GMT")]
    [InlineData("Wed, 29 Feb 2023 00:00:00 GMT")]
    [InlineData("Sun, 06 Nov 0000 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 24:00:00 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:60:00 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:00:61 GMT")]
    [InlineData("Fri, 31 Dec 9999 23:59:60 GMT")]
    [InlineData("Sun, 06 Nov 1994 08-49-37 GMT")]
    [InlineData("Sun, 06 Nov 1994 +8:49:37 GMT")]
    [InlineData("Sun, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sunday, 06-Nov-1994 08:49:37 GMT")]
    [InlineData("Someday, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sunday, 31-Nov-94 08:49:37 GMT")]
    [InlineData("Sunday 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov 06 08:49:37 94  ")]
    [InlineData("Sun Nov 32 08:49:37 1994")]
    [InlineData("Sun,Nov  6 08:49:37 1994")]
    public void Date_in_any_other_form_is_refused(string value) => Assert.Null(Parse(value));

    [Fact]
    public void Date_written_reads_back() => Gen.Long[-62135596800, 253402300799].Sample(unixSeconds =>
    {
        DateTimeOffset date = DateTimeOffset.FromUnixTimeSeconds(unixSeconds);
        string written = Write(date);
        return Parse(written) == date && written == date.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
    });

    [Fact]
    public void Date_is_written_in_utc_without_fractions() =>
        Assert.Equal("Sun, 06 Nov 1994 08:49:37 GMT", Write(new DateTimeOffset(1994, 11, 6, 10, 49, 37, 999, TimeSpan.FromHours(2))));

    [Theory]
    [InlineData("Wednesday, 06-Nov-94 08:49:37 GMT ")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GM\u2160")]
    [InlineData("")]
    public void Text_that_is_longer_than_any_date_or_not_latin_is_none(string value) => Assert.Null(Parse(value));

    [Fact]
    public void Date_needs_29_bytes() => Assert.ThrowsAny<ArgumentException>(() => HttpDate.Write(s_now, new byte[28]));

    private static DateTimeOffset? Parse(string value)
    {
        bool isDate = HttpDate.TryParse(Encoding.Latin1.GetBytes(value), s_now, out DateTimeOffset date);
        Assert.Equal((isDate, date), (HttpDate.TryParse(value, s_now, out DateTimeOffset ofText), ofText));
        return isDate ? date : null;
    }

    private static string Write(DateTimeOffset date)
    {
        byte[] bytes = new byte[HttpDate.FixdateBytes];
        HttpDate.Write(date, bytes);
        return Encoding.Latin1.GetString(bytes);
    }
}
