using System.Globalization;
using System.Text;

namespace Slice.Tests.Support;

/// <summary>
/// What a <see cref="RangeFile"/> answers: the head, and the half-open span of content that follows it. Written apart from the product, as
/// its judge.
/// </summary>
internal sealed class RangeAnswer
{
    private RangeAnswer(string headText, long start = 0, long end = 0)
    {
        HeadText = headText;
        Start = start;
        End = end;
    }

    public string HeadText { get; }

    public long Start { get; }

    public long End { get; }

    public int Seed { get; private init; }

    public bool IsChunked { get; private init; }

    public static RangeAnswer For(RangeFile file, OriginRequest request, RangeFault fault)
    {
        if (fault.Status is { } status)
        {
            return WithText(file, fault, status);
        }

        string? refusal = file.HonoursPreconditions ? OriginPreconditions.Evaluate(file, request) : null;
        if (refusal is not null)
        {
            return new RangeAnswer(
                Head(file, fault, refusal, refusal.StartsWith("304", StringComparison.Ordinal) ? [] : ["Content-Length: 0"]));
        }

        bool wantsRange = request.Method == "GET"
            && file.SupportsRanges
            && !fault.IgnoresRange
            && OriginPreconditions.IfRangeAllows(file, request);
        return wantsRange && request.Range is { } range ? Partial(file, range, fault) : Whole(file, fault);
    }

    private static RangeAnswer WithText(RangeFile file, RangeFault fault, string status)
    {
        string text = status + "\n";
        string head = Head(file, fault, status, [$"Content-Length: {text.Length}"], hasValidators: false);
        return new RangeAnswer(head + text);
    }

    private static RangeAnswer Whole(RangeFile file, RangeFault fault)
    {
        string acceptRanges = "Accept-Ranges: " + (file.SupportsRanges ? "bytes" : "none");
        return Content(file, fault, "200 OK", 0, file.LengthBytes, [acceptRanges]);
    }

    private static RangeAnswer Partial(RangeFile file, (long First, long Last) range, RangeFault fault)
    {
        long start = range.First < 0 ? Math.Max(0, file.LengthBytes + range.First) : range.First;
        long end = range.Last >= file.LengthBytes ? file.LengthBytes : range.Last + 1;
        if (start >= file.LengthBytes || end <= start)
        {
            return new RangeAnswer(Head(file, fault, "416 Range Not Satisfiable",
                [$"Content-Range: {fault.ContentRange ?? $"bytes */{file.LengthBytes}"}", "Content-Length: 0"], hasValidators: false));
        }

        start = Math.Clamp(start + fault.StartShift, 0, end - 1);
        end = Math.Min(file.LengthBytes, end + fault.EndShift);
        end = fault.AtMostBytes is { } most ? Math.Min(end, start + most) : end;
        string contentRange = fault.ContentRange ?? $"bytes {start}-{end - 1}/{file.LengthBytes}";
        return Content(file, fault, "206 Partial Content", start, end, contentRange.Length == 0 ? [] : [$"Content-Range: {contentRange}"]);
    }

    private static RangeAnswer Content(RangeFile file, RangeFault fault, string status, long start, long end, string[] fields)
    {
        string length = fault.ContentLength ?? (end - start).ToString(CultureInfo.InvariantCulture);
        string[] framing = fault.IsChunked
            ? ["Transfer-Encoding: chunked"]
            : length.Length == 0
            ? ["Connection: close"]
            : [$"Content-Length: {length}"];
        return new RangeAnswer(Head(file, fault, status, [.. fields, .. framing]), start, end)
        {
            Seed = fault.Seed ?? file.Seed,
            IsChunked = fault.IsChunked,
        };
    }

    private static string Head(RangeFile file, RangeFault fault, string status, string[] fields, bool hasValidators = true)
    {
        var head = new StringBuilder($"HTTP/1.1 {status}\r\nDate: {file.Time.GetUtcNow():R}\r\n");
        if (hasValidators && file.ETag is not null)
        {
            head.Append("ETag: ").Append(file.ETag).Append("\r\n");
        }

        if (hasValidators && file.LastModified is { } modified)
        {
            head.Append(CultureInfo.InvariantCulture, $"Last-Modified: {modified:R}\r\n");
        }

        foreach (string field in fields.Concat(file.ExtraFields).Concat(fault.Fields))
        {
            head.Append(field).Append("\r\n");
        }

        return head.Append("\r\n").ToString();
    }
}
