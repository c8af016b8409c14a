using System.Buffers;
using Slice.Core.Http;

namespace Slice.Tests.Support;

/// <summary>One request that bytes on a connection hold: what its answer must belong to.</summary>
internal sealed record ExpectedRequest(string Method, string Target);

/// <summary>
/// The requests that a sequence of bytes holds, in order, up to the first that is refused, that is not whole, or after which the
/// connection closes. What comes behind is nobody's request.
/// </summary>
internal sealed class RequestModel
{
    private RequestModel(IReadOnlyList<ExpectedRequest> requests, string methodBehind) =>
        (Requests, MethodBehind) = (requests, methodBehind);

    /// <summary>The requests whose heads are whole and valid.</summary>
    public IReadOnlyList<ExpectedRequest> Requests { get; }

    /// <summary>What begins behind them, up to the first space: an answer to HEAD has no body, even when it is a refusal.</summary>
    public string MethodBehind { get; }

    /// <summary>Reads the bytes.</summary>
    public static RequestModel Read(byte[] input)
    {
        List<ExpectedRequest> requests = [];
        var head = new RequestHead();
        var rest = new ReadOnlySequence<byte>(input);
        bool isOpen = true;
        while (isOpen)
        {
            RequestHeadStatus status = new RequestHeadParser(new RequestHeadLimits()).Parse(
                rest, head, out SequencePosition end, out _, out _);
            isOpen = status == RequestHeadStatus.Complete;
            if (isOpen)
            {
                requests.Add(new ExpectedRequest(Wire.Text(head.MethodBytes), Wire.Text(head.PathAndQuery)));
                rest = rest.Slice(end);
                isOpen = head.KeepAlive && SkipBody(head, ref rest);
            }
        }

        head.Reset();
        string behind = Wire.Text(rest.ToArray()).TrimStart('\r', '\n');
        return new RequestModel(requests, behind.Split(' ')[0]);
    }

    private static bool SkipBody(RequestHead head, ref ReadOnlySequence<byte> rest)
    {
        if (!head.IsChunked)
        {
            long length = Math.Max(0, head.ContentLength);
            bool isWhole = length <= rest.Length;
            rest = rest.Slice(isWhole ? length : rest.Length);
            return isWhole;
        }

        var decoder = new ChunkedDecoder();
        ChunkedStatus status;
        do
        {
            status = decoder.Decode(rest, out _, out SequencePosition consumed, out _);
            rest = rest.Slice(consumed);
        }
        while (status == ChunkedStatus.Data);

        return status == ChunkedStatus.End;
    }
}
