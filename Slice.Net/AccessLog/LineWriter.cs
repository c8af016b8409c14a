using System.Buffers.Text;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Net.Exchange;

namespace Slice.Net.AccessLog;

/// <summary>Writes texts and values one behind the other, each value as the syntax wants it. Allocates nothing.</summary>
internal ref struct LineWriter(Span<byte> destination, AccessLogSyntax syntax)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Most bytes that the next value may take, without quotes.</summary>
    public int MaxValueBytes { get; set; }

    private readonly Span<byte> Rest => _destination[Length..];

    /// <summary>A text as it stands.</summary>
    public void WriteText(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(Rest);
        Length += text.Length;
    }

    /// <summary>A value that a client or an operator has chosen; an empty one is none.</summary>
    public void WriteValue(scoped ReadOnlySpan<byte> value) => WriteValue(value, default, default, default, default);

    /// <summary>The same of a text of Latin-1.</summary>
    public void WriteValue(string? value)
    {
        // Names of origins: host and port.
        Span<byte> bytes = stackalloc byte[512];
        string text = value ?? "";
        WriteValue(bytes[..Encoding.Latin1.GetBytes(text.AsSpan(0, Math.Min(text.Length, bytes.Length)), bytes)]);
    }

    /// <summary>One value of several parts. When not all fits, the third is cut.</summary>
    public void WriteValue(
        scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second, scoped ReadOnlySpan<byte> third,
        scoped ReadOnlySpan<byte> fourth, scoped ReadOnlySpan<byte> fifth)
    {
        if (first.IsEmpty)
        {
            WriteNone();
            return;
        }

        bool isQuoted = syntax == AccessLogSyntax.Json || (syntax == AccessLogSyntax.Logfmt && LineEscaping.NeedsQuotes(first));
        WriteQuote(isQuoted);
        int end = Length + MaxValueBytes - fourth.Length - fifth.Length;
        WriteEscaped(first, end);
        WriteEscaped(second, end);
        WriteEscaped(third, end);
        WriteText(fourth);
        WriteText(fifth);
        WriteQuote(isQuoted);
    }

    /// <summary>A word of ours, which needs no escape; an empty one is none.</summary>
    public void WriteWord(scoped ReadOnlySpan<byte> word)
    {
        if (word.IsEmpty)
        {
            WriteNone();
            return;
        }

        WriteQuote(syntax == AccessLogSyntax.Json);
        WriteText(word);
        WriteQuote(syntax == AccessLogSyntax.Json);
    }

    /// <summary>A number of 0 or more.</summary>
    public void WriteNumber(long value) => Length += DecimalDigits.Write(value, Rest);

    /// <summary>Seconds to the microsecond; null is none.</summary>
    public void WriteSeconds(TimeSpan? span)
    {
        if (span is not { } time)
        {
            WriteNone();
            return;
        }

        long microseconds = (long)time.TotalMicroseconds;
        WriteNumber(microseconds / 1_000_000);
        WriteText("."u8);
        WriteDigits((int)(microseconds % 1_000_000), 6);
    }

    /// <summary>An address; an unknown one is none.</summary>
    public void WriteAddress(ClientAddress address)
    {
        Span<byte> text = stackalloc byte[ClientAddress.MaxBytes];
        WriteWord(text[..address.Format(text)]);
    }

    /// <summary><c>2026-11-29T04:11:09.123Z</c>.</summary>
    public void WriteTime(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        WriteQuote(syntax == AccessLogSyntax.Json);
        WriteDigits(utc.Year, 4);
        WriteText("-"u8);
        WriteDigits(utc.Month, 2);
        WriteText("-"u8);
        WriteDigits(utc.Day, 2);
        WriteText("T"u8);
        WriteTimeOfDay(utc);
        WriteText("."u8);
        WriteDigits(utc.Millisecond, 3);
        WriteText("Z"u8);
        WriteQuote(syntax == AccessLogSyntax.Json);
    }

    /// <summary><c>29/Nov/2026:04:11:09 +0000</c>.</summary>
    public void WriteTimeOfServers(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        WriteDigits(utc.Day, 2);
        WriteText("/"u8);
        WriteText("JanFebMarAprMayJunJulAugSepOctNovDec"u8.Slice(3 * (utc.Month - 1), 3));
        WriteText("/"u8);
        WriteDigits(utc.Year, 4);
        WriteText(":"u8);
        WriteTimeOfDay(utc);
        WriteText(" +0000"u8);
    }

    private void WriteTimeOfDay(DateTime utc)
    {
        WriteDigits(utc.Hour, 2);
        WriteText(":"u8);
        WriteDigits(utc.Minute, 2);
        WriteText(":"u8);
        WriteDigits(utc.Second, 2);
    }

    private void WriteNone() => WriteText(syntax == AccessLogSyntax.Json ? "null"u8 : "-"u8);

    private void WriteQuote(bool isQuoted)
    {
        if (isQuoted)
        {
            WriteText("\""u8);
        }
    }

    private void WriteEscaped(scoped ReadOnlySpan<byte> value, int end)
    {
        int room = Math.Max(0, end - Length);
        Length += LineEscaping.Write(value, syntax, Rest[..room]);
    }

    private void WriteDigits(int value, byte count)
    {
        Utf8Formatter.TryFormat(value, Rest, out int written, new('D', count));
        Length += written;
    }
}
