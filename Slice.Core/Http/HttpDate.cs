using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// HTTP-date (RFC 9110 §5.6.7): reads the three formats, writes the preferred one. Case-sensitive, as the grammar is. The name of the
/// day must be a name but need not fit the date, which alone tells the time.
/// </summary>
public static class HttpDate
{
    /// <summary>Length of an IMF-fixdate in bytes.</summary>
    public const int FixdateBytes = 29;

    // "Wednesday, 06-Nov-94 08:49:37 GMT".
    private const int LongestBytes = 33;

    private const string DayNames = "SunMonTueWedThuFriSat";
    private const string MonthNames = "JanFebMarAprMayJunJulAugSepOctNovDec";

    /// <summary>Parses a value without surrounding OWS.</summary>
    /// <param name="value">One HTTP-date.</param>
    /// <param name="now">Decides the century of a two-digit year: one that seems more than 50 years ahead is past.</param>
    /// <param name="date">The time in UTC, whole seconds. A leap second <c>:60</c> is the second after.</param>
    public static bool TryParse(ReadOnlySpan<byte> value, DateTimeOffset now, out DateTimeOffset date)
    {
        if (value.Length == FixdateBytes && value[3] == ',')
        {
            return TryParseFixdate(value, out date);
        }

        return value.Length == "Sun Nov  6 08:49:37 1994".Length
            ? TryParseAsctime(value, out date)
            : TryParseRfc850(value, now, out date);
    }

    /// <summary>The same of text with one byte per char (Latin-1). It allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<char> value, DateTimeOffset now, out DateTimeOffset date)
    {
        date = default;
        Span<byte> bytes = stackalloc byte[LongestBytes];
        return value.Length <= LongestBytes && TryParse(bytes[..Encoding.Latin1.GetBytes(value, bytes)], now, out date);
    }

    /// <summary>
    /// Writes <paramref name="date"/> as IMF-fixdate, such as <c>Sun, 06 Nov 1994 08:49:37 GMT</c>; fractions of a second are cut off.
    /// </summary>
    /// <param name="date">Any time; written in UTC.</param>
    /// <param name="destination">At least <see cref="FixdateBytes"/> long, all of which is written.</param>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    public static void Write(DateTimeOffset date, Span<byte> destination)
    {
        DateTime utc = date.UtcDateTime;
        "Sun, 06 Nov 1994 08:49:37 GMT"u8.CopyTo(destination);
        WriteName(DayNames, (int)utc.DayOfWeek, destination);
        WriteTwoDigits(utc.Day, destination[5..]);
        WriteName(MonthNames, utc.Month - 1, destination[8..]);
        WriteTwoDigits(utc.Year / 100, destination[12..]);
        WriteTwoDigits(utc.Year % 100, destination[14..]);
        WriteTwoDigits(utc.Hour, destination[17..]);
        WriteTwoDigits(utc.Minute, destination[20..]);
        WriteTwoDigits(utc.Second, destination[23..]);
    }

    // Sun, 06 Nov 1994 08:49:37 GMT
    private static bool TryParseFixdate(ReadOnlySpan<byte> value, out DateTimeOffset date)
    {
        date = default;
        return IndexOfName(DayNames, value) >= 0
            && value[4] == ' ' && value[7] == ' ' && value[11] == ' ' && value[16] == ' '
            && value[25..].SequenceEqual(" GMT"u8)
            && TryParseDigits(value[12..16], out int year)
            && TryParseDigits(value[5..7], out int day)
            && TryCombine(year, IndexOfName(MonthNames, value[8..]) + 1, day, value[17..25], out date);
    }

    // Sun Nov  6 08:49:37 1994: the day is padded with a space.
    private static bool TryParseAsctime(ReadOnlySpan<byte> value, out DateTimeOffset date)
    {
        date = default;
        return IndexOfName(DayNames, value) >= 0
            && value[3] == ' ' && value[7] == ' ' && value[10] == ' ' && value[19] == ' '
            && TryParseDigits(value[20..], out int year)
            && TryParseDigits(value[8] == ' ' ? value[9..10] : value[8..10], out int day)
            && TryCombine(year, IndexOfName(MonthNames, value[4..]) + 1, day, value[11..19], out date);
    }

    // Sunday, 06-Nov-94 08:49:37 GMT
    private static bool TryParseRfc850(ReadOnlySpan<byte> value, DateTimeOffset now, out DateTimeOffset date)
    {
        date = default;
        int comma = value.IndexOf((byte)',');
        if (comma < 0 || !IsLongDayName(value[..comma]) || value.Length != comma + ", 06-Nov-94 08:49:37 GMT".Length)
        {
            return false;
        }

        value = value[comma..];
        return value[1] == ' ' && value[4] == '-' && value[8] == '-' && value[11] == ' '
            && value[20..].SequenceEqual(" GMT"u8)
            && TryParseDigits(value[9..11], out int yearOfCentury)
            && TryParseDigits(value[2..4], out int day)
            && TryCombineTwoDigitYear(yearOfCentury, IndexOfName(MonthNames, value[5..]) + 1, day, value[12..20], now, out date);
    }

    // RFC 9110 §5.6.7: the latest year with these two digits that is not more than 50 years ahead.
    private static bool TryCombineTwoDigitYear(
        int yearOfCentury, int month, int day, ReadOnlySpan<byte> time, DateTimeOffset now, out DateTimeOffset date)
    {
        DateTimeOffset latest = now.UtcDateTime.AddYears(50);
        int year = (latest.Year / 100 * 100) + yearOfCentury;
        if (year > latest.Year)
        {
            year -= 100;
        }

        return TryCombine(year, month, day, time, out date)
            && (date <= latest || TryCombine(year - 100, month, day, time, out date));
    }

    private static bool TryCombine(int year, int month, int day, ReadOnlySpan<byte> time, out DateTimeOffset date)
    {
        date = default;
        bool isTime = TryParseDigits(time[..2], out int hour) & TryParseDigits(time[3..5], out int minute)
            & TryParseDigits(time[6..], out int second) & time[2] == ':' & time[5] == ':';
        if (!isTime || hour > 23 || minute > 59 || second > (year == DateTime.MaxValue.Year ? 59 : 60) || year < 1
            || month < 1 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        date = new DateTimeOffset(year, month, day, hour, minute, 0, TimeSpan.Zero).AddSeconds(second);
        return true;
    }

    private static int IndexOfName(string names, ReadOnlySpan<byte> value)
    {
        for (int index = 0; index < names.Length / 3; index++)
        {
            if (value[0] == names[index * 3] && value[1] == names[(index * 3) + 1] && value[2] == names[(index * 3) + 2])
            {
                return index;
            }
        }

        return -1;
    }

    private static bool IsLongDayName(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("Sunday"u8) || name.SequenceEqual("Monday"u8) || name.SequenceEqual("Tuesday"u8)
        || name.SequenceEqual("Wednesday"u8) || name.SequenceEqual("Thursday"u8) || name.SequenceEqual("Friday"u8)
        || name.SequenceEqual("Saturday"u8);

    private static bool TryParseDigits(ReadOnlySpan<byte> digits, out int value)
    {
        bool isNumber = DecimalDigits.TryParse(digits, out long number);
        value = (int)number;
        return isNumber;
    }

    private static void WriteName(string names, int index, Span<byte> destination) =>
        Ascii.FromUtf16(names.AsSpan(index * 3, 3), destination, out _);

    private static void WriteTwoDigits(int value, Span<byte> destination)
    {
        destination[0] = (byte)('0' + (value / 10));
        destination[1] = (byte)('0' + (value % 10));
    }
}
