using System.Globalization;
using System.Text;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Host.Demo;

/// <summary>What the sample origin answers to one request: status, head, and the part of the object that is the body. Pure.</summary>
internal readonly struct DemoAnswer
{
    private readonly byte[] _entityTag;
    private readonly long _sizeBytes;
    private readonly DateTimeOffset _lastModified;
    private readonly DateTimeOffset _date;
    private readonly int _status;
    private readonly ByteRange _content;

    private DemoAnswer(RequestHead head, long sizeBytes, DateTimeOffset lastModified, DateTimeOffset date)
    {
        _sizeBytes = sizeBytes;
        _lastModified = lastModified;
        _date = date;
        Seed = DemoContent.SeedOf(head.Target.PathAndQuery);
        _entityTag = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"{Seed:x16}-{sizeBytes}\""));
        _content = new ByteRange(0, sizeBytes);
        _status = Decide(head, ref _content);
        Body = head.Method == RequestMethod.Get && _status is 200 or 206 ? _content : default;
    }

    /// <summary>The part of the object that follows the head; empty for HEAD and for every status but 200 and 206.</summary>
    public ByteRange Body { get; }

    /// <summary>Seed of the object asked for.</summary>
    public ulong Seed { get; }

    /// <summary>The answer to <paramref name="head"/>.</summary>
    /// <param name="head">A complete head.</param>
    /// <param name="sizeBytes">Length of every object.</param>
    /// <param name="lastModified">Last-Modified of every object.</param>
    /// <param name="now">Date of the answer.</param>
    public static DemoAnswer To(RequestHead head, long sizeBytes, DateTimeOffset lastModified, DateTimeOffset now) =>
        new(head, sizeBytes, lastModified, now);

    /// <summary>Writes the head.</summary>
    /// <returns>Its bytes.</returns>
    public int WriteHead(Span<byte> destination)
    {
        var writer = new ResponseHeadWriter(destination);
        writer.WriteStatusLine(_status);
        writer.WriteField("Date"u8, _date);
        switch (_status)
        {
            case 200 or 206 or 304:
                writer.WriteField("ETag"u8, _entityTag);
                writer.WriteField("Last-Modified"u8, _lastModified);
                writer.WriteField("Accept-Ranges"u8, "bytes"u8);
                writer.WriteField("Content-Type"u8, "application/octet-stream"u8);
                break;
            case 405:
                writer.WriteField("Allow"u8, "GET, HEAD"u8);
                break;
            case 416:
                writer.WriteUnsatisfiedContentRange(_sizeBytes);
                break;
        }

        if (_status == 206)
        {
            writer.WriteContentRange(_content, _sizeBytes);
        }

        // RFC 9110 §8.6: a 304 may only state what the 200 would have.
        if (_status != 304)
        {
            writer.WriteField("Content-Length"u8, _status is 200 or 206 ? _content.Length : 0);
        }

        return writer.End() ? writer.BytesWritten : throw new InvalidOperationException("The head of an answer is longer than its buffer.");
    }

    private int Decide(RequestHead head, ref ByteRange content)
    {
        if (head.Method is not (RequestMethod.Get or RequestMethod.Head))
        {
            return 405;
        }

        if (head.HasBody || !head.Target.Path.StartsWith("/demo/"u8))
        {
            return head.HasBody ? 400 : 404;
        }

        var validators = new StoredValidators { EntityTag = _entityTag, LastModified = _lastModified, Date = _date };
        switch (Preconditions.Evaluate(head.Fields, head.Method, validators, _date))
        {
            case PreconditionResult.NotModified:
                return 304;
            case PreconditionResult.PreconditionFailed:
                return 412;
        }

        // One range is served; several are answered with everything, which RFC 9110 §14.2 leaves to the server.
        Span<RangeSpec> specs = stackalloc RangeSpec[1];
        bool hasRange = head.Method == RequestMethod.Get
            && head.Fields.Count(KnownField.Range) == 1
            && Preconditions.AllowsRange(head.Fields, validators, _date)
            && head.Fields.TryGet(KnownField.Range, out var value)
            && RangeField.TryParse(value, specs, out _) == RangeFieldKind.Specs;
        if (!hasRange)
        {
            return 200;
        }

        if (specs[0].Resolve(_sizeBytes) is not { } range)
        {
            return 416;
        }

        content = range;
        return 206;
    }
}
