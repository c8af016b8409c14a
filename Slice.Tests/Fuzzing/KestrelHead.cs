using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http;
using Slice.Tests.Support;
using KestrelVersion = Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http.HttpVersion;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// What Kestrel's own parser makes of a request head. It reads syntax alone: Host, framing, targets and limits are judged elsewhere in
/// Kestrel. The types are public but documented as internal; a test, unlike the product, may lean on them.
/// </summary>
internal sealed class KestrelHead : IHttpRequestLineHandler, IHttpHeadersHandler
{
    private readonly List<string> _parts = [];
    private bool _isWhole;

    /// <summary>The head as <see cref="Summary"/> writes it; null unless Kestrel accepts it.</summary>
    public string? Accepted { get; private set; }

    /// <summary>Kestrel's words when it refuses; else null.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Bytes of the head when it is accepted.</summary>
    public int Length { get; private set; }

    /// <summary>Parses one head at the start of the input.</summary>
    public static KestrelHead Parse(byte[] input)
    {
        var head = new KestrelHead();
        var parser = new HttpParser<KestrelHead>();
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
        try
        {
            if (parser.ParseRequestLine(head, ref reader) && parser.ParseHeaders(head, ref reader) && head._isWhole)
            {
                head.Accepted = string.Join('\n', head._parts);
                head.Length = (int)reader.Consumed;
            }
        }
        catch (BadHttpRequestException refusal)
        {
            head.Refusal = refusal.Message;
        }

        return head;
    }

    /// <summary>A head in one text: method, target and minor version, then a line per field.</summary>
    public static string Summary(string method, string target, int minorVersion, IEnumerable<string> fields) =>
        string.Join('\n', fields.Prepend($"{method} {target} {minorVersion}"));

    void IHttpRequestLineHandler.OnStartLine(HttpVersionAndMethod versionAndMethod, TargetOffsetPathLength targetPath, Span<byte> startLine)
    {
        // The line comes without its version.
        string line = Wire.Text(startLine);
        int minorVersion = versionAndMethod.Version == KestrelVersion.Http10 ? 0 : 1;
        _parts.Add($"{line[..versionAndMethod.MethodEnd]} {line[targetPath.Offset..]} {minorVersion}");
    }

    void IHttpHeadersHandler.OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        _parts.Add($"{Wire.Text(name)}: {Wire.Text(value)}");

    void IHttpHeadersHandler.OnHeadersComplete(bool endStream) => _isWhole = true;

    void IHttpHeadersHandler.OnStaticIndexedHeader(int index) => throw new NotSupportedException("a frame of HTTP/2");

    void IHttpHeadersHandler.OnStaticIndexedHeader(int index, ReadOnlySpan<byte> value) =>
        throw new NotSupportedException("a frame of HTTP/2");
}
