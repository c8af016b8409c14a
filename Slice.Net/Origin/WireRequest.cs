using System.Buffers;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// A request as it goes to the origin over a <see cref="WireConnection"/>: request line and field lines, ready to be written to whichever
/// address is asked. Only Host is missing, which may name that address. Rents its bytes; the owner disposes it. Not thread-safe.
/// </summary>
/// <remarks>
/// Write the request line, the field lines in order, and <see cref="EndHead"/>. Names are tokens and values have neither CR, LF nor NUL:
/// they come from a parser of ours, or are ours.
/// </remarks>
internal sealed class WireRequest : IDisposable
{
    private byte[] _bytes;
    private int _length;
    private readonly int _requestLineBytes;

    /// <summary>A request without field lines.</summary>
    /// <param name="method">The method, as the client spelled it.</param>
    /// <param name="target">Path and query, as the client sent them.</param>
    /// <param name="roomBytes">Bytes that the field lines will take; more is grown.</param>
    public WireRequest(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, int roomBytes)
    {
        Method = RequestMethods.Find(method);
        _bytes = ArrayPool<byte>.Shared.Rent(method.Length + target.Length + " /  HTTP/1.1\r\n"u8.Length + roomBytes);
        Append(method);
        Append(" "u8);
        if (target is not [(byte)'/', ..])
        {
            // Only the absolute-form of a target may leave out the path; the query that follows stays (RFC 9112 §3.2.1).
            Append("/"u8);
        }

        Append(target);
        Append(" HTTP/1.1\r\n"u8);
        _requestLineBytes = _length;
    }

    /// <summary>The Host for the origin; null for that of the address which is asked.</summary>
    public string? Host { get; init; }

    /// <summary>The body, sent once; null without one.</summary>
    public IRequestBodySource? Body { get; init; }

    /// <summary>Whether the body goes in chunks; else its Content-Length is among the field lines.</summary>
    public bool IsChunked { get; init; }

    /// <summary>Whether the client waits for a 100 before it sends its body.</summary>
    public bool ExpectsContinue { get; init; }

    /// <summary>Whether the request asks for another protocol, so that a 101 is an answer.</summary>
    public bool IsUpgrade { get; init; }

    /// <summary>The id of the request, for the log; empty for none.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>Method and target, for the log.</summary>
    public string MethodAndTarget => Encoding.Latin1.GetString(_bytes, 0, _requestLineBytes - " HTTP/1.1\r\n"u8.Length);

    /// <summary>Where interim responses go; null for nowhere.</summary>
    public IInterimResponses? InterimResponses { get; init; }

    /// <summary>
    /// Where a connection that belongs to this client alone is kept between its requests; null where there is none to keep.
    /// </summary>
    public PrivateWire? Private { get; init; }

    /// <summary>Whether the credentials of the request are those of its connection (NTLM, Negotiate).</summary>
    public bool BindsConnection { get; set; }

    /// <summary>The method; <see cref="RequestMethod.Other"/> for <c>head</c>, as methods are case-sensitive.</summary>
    public RequestMethod Method { get; }

    /// <summary>
    /// Whether sending the request twice has the effect of sending it once (RFC 9110 §9.2.2). Of an unknown method nobody knows.
    /// </summary>
    public bool IsIdempotent => Method is RequestMethod.Get or RequestMethod.Head or RequestMethod.Options or RequestMethod.Trace
        or RequestMethod.Put or RequestMethod.Delete;

    /// <summary>Whether bytes of the body may be gone, so that the request cannot be sent again.</summary>
    public bool HasBodyBegun { get; set; }

    /// <summary>Whether the client broke off its body, or framed it wrongly.</summary>
    public bool IsBodyBroken { get; set; }

    /// <summary>
    /// Whether the request may go to another address after this failure. A proxy repeats a request only if its method is idempotent
    /// (RFC 9110 §9.2.2); one for which no connection came to be was never sent, so sending it is no repetition.
    /// </summary>
    public bool MayGoElsewhere(FetchError failure) => !HasBodyBegun && !IsBodyBroken && failure switch
    {
        FetchError.DnsError or FetchError.ConnectionRefused or FetchError.ConnectionTimeout
            or FetchError.TlsCertificateError or FetchError.TlsProtocolError => true,
        FetchError.ConnectionTerminated or FetchError.HttpResponseTimeout or FetchError.HttpProtocolError => IsIdempotent,
        _ => false,
    };

    /// <summary>Adds a field line.</summary>
    public void WriteField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Append(name);
        Append(": "u8);
        Append(value);
        Append("\r\n"u8);
    }

    /// <summary>Adds a field line with a number, 0 or more.</summary>
    public void WriteField(ReadOnlySpan<byte> name, long value)
    {
        Span<byte> digits = stackalloc byte[DecimalDigits.MaxBytes];
        WriteField(name, digits[..DecimalDigits.Write(value, digits)]);
    }

    /// <summary>Adds a field line of Latin-1 text.</summary>
    public void WriteField(string name, string value)
    {
        AppendLatin1(name);
        Append(": "u8);
        AppendLatin1(value);
        Append("\r\n"u8);
    }

    /// <summary>Ends the head.</summary>
    public void EndHead() => Append("\r\n"u8);

    /// <summary>Writes the whole head for one address.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="destination">Where to; <see cref="BytesFor"/> of them are written.</param>
    public void WriteHead(OriginEndpoint endpoint, Span<byte> destination)
    {
        string host = Host ?? endpoint.Host;
        _bytes.AsSpan(0, _requestLineBytes).CopyTo(destination);
        int at = _requestLineBytes;
        "Host: "u8.CopyTo(destination[at..]);
        at += "Host: ".Length;
        at += Encoding.Latin1.GetBytes(host, destination[at..]);
        "\r\n"u8.CopyTo(destination[at..]);
        _bytes.AsSpan(_requestLineBytes, _length - _requestLineBytes).CopyTo(destination[(at + 2)..]);
    }

    /// <summary>Length of the whole head for one address.</summary>
    public int BytesFor(OriginEndpoint endpoint) => _length + "Host: \r\n".Length + (Host ?? endpoint.Host).Length;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }

    private void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    private void AppendLatin1(string text) => Encoding.Latin1.GetBytes(text, Room(text.Length));

    private Span<byte> Room(int count)
    {
        if (_length + count > _bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + count, _bytes.Length * 2));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        var room = _bytes.AsSpan(_length, count);
        _length += count;
        return room;
    }
}
