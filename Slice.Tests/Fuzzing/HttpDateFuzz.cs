using System.Globalization;
using System.Text.RegularExpressions;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>HTTP-date (RFC 9110 §5.6.7), against the calendar of the BCL.</summary>
public sealed partial class HttpDateFuzz
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sat, 29 Feb 2020 23:59:60 GMT", "Wednesday, 29-Feb-76 00:00:00 GMT", "Tue Dec 31 23:59:60 2024",
            "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Thursday, 23-Nov-76 12:00:01 GMT",
        ],
        Words =
        [
            "Sun", "Monday", "Wednesday", "Thu,", "sat", "Jan", "Feb", "feb", "Dec", "00", "29", "30", "31", "32", "60", "61", "24", "1900",
            "2000", "2100", "0000", "9999", "76", "77",
            " GMT", " UTC", " gmt", "+0000", " ", "  ", "-", ":", ",", "\t", "\0",
        ],
        Separator = " ",
        LongestInput = 60,
    };

    [Fact]
    [Trait("Behaviour", "B9")]
    public Task Any_value_is_the_time_the_calendar_says_or_refused() => FuzzRun.RunAsync(s_grammar, 100_000, Check);

    private static void Check(byte[] input)
    {
        bool isDate = HttpDate.TryParse(input, s_now, out DateTimeOffset date);
        DateTimeOffset? expected = Read(Wire.Text(input));
        Assert.Equal(expected is not null, isDate);
        if (!isDate)
        {
            return;
        }

        Assert.Equal(expected, date);
        Assert.Equal(TimeSpan.Zero, date.Offset);
        Span<byte> written = stackalloc byte[HttpDate.FixdateBytes];
        HttpDate.Write(date, written);
        Assert.Equal(date.ToString("r", CultureInfo.InvariantCulture), Wire.Text(written));
        Assert.True(HttpDate.TryParse(written, s_now, out DateTimeOffset again) && again == date);
    }

    private static DateTimeOffset? Read(string value)
    {
        Match match = Date().Match(value);
        if (!match.Success)
        {
            return null;
        }

        int Number(string group) => int.Parse(match.Groups[group].Value, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
        int year = Number("year");
        if (!match.Groups["short"].Success)
        {
            return Combine(year);
        }

        // The latest of the years with these digits that is not more than 50 years ahead. Of 29 February, of those that have one.
        DateTimeOffset latest = s_now.AddYears(50);
        return Combine(2000 + year) is { } late && late <= latest
            ? late
            : 2000 + year <= latest.Year && Combine(2000 + year) is null
            ? null
            : Combine(1900 + year);

        DateTimeOffset? Combine(int fullYear)
        {
            string text = $"{fullYear:0000} {match.Groups["month"].Value} {Number("day"):00} {match.Groups["time"].Value}";
            bool isLeapSecond = text.EndsWith(":60", StringComparison.Ordinal);
            text = isLeapSecond ? text[..^2] + "59" : text;
            return DateTimeOffset.TryParseExact(
                text, "yyyy MMM dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
                && !(isLeapSecond && date.Year == 9999)
                ? date.AddSeconds(isLeapSecond ? 1 : 0)
                : null;
        }
    }

    [GeneratedRegex(
        @"\A(?:(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), "
        + @"(?<day>[0-9]{2}) (?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?<year>[0-9]{4}) "
        + @"(?<time>[0-9]{2}:[0-9]{2}:[0-9]{2}) GMT"
        + @"|(?<short>(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day), "
        + @"(?<day>[0-9]{2})-(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(?<year>[0-9]{2}) "
        + @"(?<time>[0-9]{2}:[0-9]{2}:[0-9]{2}) GMT"
        + @"|(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) "
        + @"(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?<day>[0-9]{2}| [0-9]) "
        + @"(?<time>[0-9]{2}:[0-9]{2}:[0-9]{2}) (?<year>[0-9]{4}))\z")]
    private static partial Regex Date();
}
