using System.Diagnostics.CodeAnalysis;
using System.Text;
using Slice.Core.Ranges;

namespace Slice.Core.Http;

/// <summary>
/// Writes a response head into memory the caller provides: status line, field lines, then <see cref="End"/>. It never writes past
/// the destination: the first thing that does not fit is left out whole, <see cref="HasOverflowed"/> becomes true, and everything
/// after it is left out as well. The caller looks once, at the end, and starts again with more room.
/// <para>
/// Values that are not made here are checked for CR, LF and NUL, so that nothing an origin or a client sent can begin a line of its own
/// (response splitting, RFC 9112 §11.1); a value with one of them is our fault by then, and throws.
/// </para>
/// </summary>
public ref struct ResponseHeadWriter(Span<byte> destination)
{
    // Without the reason phrase.
    private const int StatusLineBytes = 15;

    private readonly Span<byte> _destination = destination;

    /// <summary>Number of bytes written.</summary>
    public int BytesWritten { get; private set; }

    /// <summary>Whether something did not fit; the bytes written are then no head.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>Writes the status line of HTTP/1.1. A status without a registered phrase gets an empty one.</summary>
    /// <param name="status">100 to 999.</param>
    /// <exception cref="ArgumentOutOfRangeException">The status does not have three digits.</exception>
    public void WriteStatusLine(int status)
    {
        ReadOnlySpan<byte> line = StatusLines.Find(status);
        if (line.IsEmpty)
        {
            WriteStatusLineSlow(status);
        }
        else
        {
            WriteRaw(line);
        }
    }

    /// <summary>Writes the status line of HTTP/1.1 with a phrase that somebody else chose; see <see cref="WriteForwarded"/>.</summary>
    /// <param name="status">100 to 999.</param>
    /// <param name="reasonPhrase">The phrase, one byte per char; may be empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">The status does not have three digits.</exception>
    public void WriteStatusLine(int status, string reasonPhrase)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 999);
        if (TryTake(StatusLineBytes + reasonPhrase.Length, out Span<byte> line))
        {
            "HTTP/1.1 000 "u8.CopyTo(line);
            DecimalDigits.Write(status, line[9..]);
            WriteOnOneLine(reasonPhrase, line[13..]);
            "\r\n"u8.CopyTo(line[^2..]);
        }
    }

    /// <summary>Writes the status line of HTTP/1.1 with a phrase that a parser of ours has let through.</summary>
    /// <param name="status">100 to 999.</param>
    /// <param name="reasonPhrase">The phrase; may be empty.</param>
    public void WriteStatusLine(int status, scoped ReadOnlySpan<byte> reasonPhrase)
    {
        if (TryTake(StatusLineBytes + reasonPhrase.Length, out Span<byte> line))
        {
            "HTTP/1.1 000 "u8.CopyTo(line);
            DecimalDigits.Write(status, line[9..]);
            reasonPhrase.CopyTo(line[13..]);
            "\r\n"u8.CopyTo(line[^2..]);
        }
    }

    /// <summary>
    /// Writes a field line that is passed on. A CR, LF or NUL that its sender put into the value becomes a space (RFC 9110 §5.5), so that
    /// it cannot begin a line of its own.
    /// </summary>
    /// <param name="field">The field; its name is a token.</param>
    public void WriteForwarded(ForwardedField field)
    {
        if (TryTake(BytesOf(field), out Span<byte> line))
        {
            Encoding.Latin1.GetBytes(field.Name, line);
            ": "u8.CopyTo(line[field.Name.Length..]);
            WriteOnOneLine(field.Value, line[(field.Name.Length + 2)..]);
            "\r\n"u8.CopyTo(line[^2..]);
        }
    }

    /// <summary>Bytes that <see cref="WriteForwarded"/> takes.</summary>
    public static int BytesOf(ForwardedField field) => field.Name.Length + field.Value.Length + 4;

    /// <summary>Writes one field line.</summary>
    /// <param name="name">A field name; ours or one that was parsed, and therefore a token.</param>
    /// <param name="value">The value; may be empty.</param>
    /// <exception cref="ArgumentException">The value contains CR, LF or NUL.</exception>
    public void WriteField(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        if (value.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            ThrowInvalidValue();
        }

        WriteOwn(name, value);
    }

    /// <summary>Writes one field line whose value is of our own making: it has no CR, LF or NUL. Not checked.</summary>
    internal void WriteOwn(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        if (TryTake(name.Length + value.Length + 4, out Span<byte> line))
        {
            name.CopyTo(line);
            ": "u8.CopyTo(line[name.Length..]);
            value.CopyTo(line[(name.Length + 2)..]);
            "\r\n"u8.CopyTo(line[^2..]);
        }
    }

    /// <summary>Writes one field line whose value is these pieces, one after the other.</summary>
    /// <param name="name">A field name; ours or one that was parsed, and therefore a token.</param>
    /// <param name="first">The beginning; may be empty, as any piece.</param>
    /// <param name="second">What follows.</param>
    /// <param name="third">What follows that.</param>
    /// <param name="last">The end.</param>
    /// <exception cref="ArgumentException">A piece contains CR, LF or NUL.</exception>
    public void WriteField(
        scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second,
        scoped ReadOnlySpan<byte> third, scoped ReadOnlySpan<byte> last)
    {
        int length = first.Length + second.Length + third.Length + last.Length;
        if (!TryTake(name.Length + length + 4, out Span<byte> line))
        {
            return;
        }

        name.CopyTo(line);
        ": "u8.CopyTo(line[name.Length..]);
        var value = line.Slice(name.Length + 2, length);
        first.CopyTo(value);
        second.CopyTo(value[first.Length..]);
        third.CopyTo(value[(first.Length + second.Length)..]);
        last.CopyTo(value[^last.Length..]);
        "\r\n"u8.CopyTo(line[^2..]);
        if (value.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            ThrowInvalidValue();
        }
    }

    /// <summary>Writes one field line with a number of 0 or more.</summary>
    public void WriteField(scoped ReadOnlySpan<byte> name, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Span<byte> digits = stackalloc byte[DecimalDigits.MaxBytes];
        WriteOwn(name, digits[..DecimalDigits.Write(value, digits)]);
    }

    /// <summary>Writes one field line with an HTTP-date (RFC 9110 §5.6.7).</summary>
    public void WriteField(scoped ReadOnlySpan<byte> name, DateTimeOffset date)
    {
        Span<byte> value = stackalloc byte[HttpDate.FixdateBytes];
        HttpDate.Write(date, value);
        WriteOwn(name, value);
    }

    /// <summary>Writes <c>Content-Range: bytes a-b/N</c>, turning the half-open range into the inclusive one of the wire.</summary>
    public void WriteContentRange(ByteRange range, long completeLength)
    {
        Span<byte> value = stackalloc byte[ContentRangeField.MaxBytes];
        WriteOwn("Content-Range"u8, value[..ContentRangeField.Write(range, completeLength, value)]);
    }

    /// <summary>Writes <c>Content-Range: bytes */N</c>, the form of a 416.</summary>
    public void WriteUnsatisfiedContentRange(long completeLength)
    {
        Span<byte> value = stackalloc byte[ContentRangeField.MaxBytes];
        WriteOwn("Content-Range"u8, value[..ContentRangeField.WriteUnsatisfied(completeLength, value)]);
    }

    /// <summary>Writes bytes as they are: field lines prepared earlier, each with its CRLF. Not checked.</summary>
    public void WriteRaw(scoped ReadOnlySpan<byte> lines)
    {
        if (TryTake(lines.Length, out Span<byte> room))
        {
            lines.CopyTo(room);
        }
    }

    /// <summary>Writes the empty line that ends the head.</summary>
    /// <returns>Whether the whole head fits: the opposite of <see cref="HasOverflowed"/>.</returns>
    public bool End()
    {
        WriteRaw("\r\n"u8);
        return !HasOverflowed;
    }

    private static void WriteOnOneLine(string text, Span<byte> destination)
    {
        var bytes = destination[..Encoding.Latin1.GetBytes(text, destination)];
        bytes.Replace((byte)'\r', (byte)' ');
        bytes.Replace((byte)'\n', (byte)' ');
        bytes.Replace((byte)0, (byte)' ');
    }

    private bool TryTake(int count, out Span<byte> room)
    {
        if (HasOverflowed || count > _destination.Length - BytesWritten)
        {
            HasOverflowed = true;
            room = default;
            return false;
        }

        room = _destination.Slice(BytesWritten, count);
        BytesWritten += count;
        return true;
    }

    // The space after the status stays even without a phrase: RFC 9112 §4.
    private void WriteStatusLineSlow(int status)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 999);
        Span<byte> line = stackalloc byte[StatusLineBytes];
        "HTTP/1.1 000 \r\n"u8.CopyTo(line);
        DecimalDigits.Write(status, line[9..]);
        WriteRaw(line);
    }

    [DoesNotReturn]
    private static void ThrowInvalidValue() => throw new ArgumentException("A field value must not contain CR, LF or NUL.", "value");
}
