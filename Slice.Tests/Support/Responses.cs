using System.Buffers;
using Slice.Core.Http;

namespace Slice.Tests.Support;

/// <summary>
/// Responses of an origin read by our parser and decoder, in literal bytes: one head, or everything up to the end of the connection.
/// </summary>
internal static class Responses
{
    /// <summary>The head, which is complete and acceptable.</summary>
    public static ResponseHead Parse(string bytes)
    {
        var head = new ResponseHead();
        ResponseHeadStatus status = new ResponseHeadParser(new ResponseHeadLimits()).Parse(
            new ReadOnlySequence<byte>(Wire.Bytes(bytes)), head, out _, out _, out ResponseFault fault);
        Assert.True(status == ResponseHeadStatus.Complete, $"{status}: {fault}");
        return head;
    }

    /// <summary>What is wrong with a head that has its end.</summary>
    public static ResponseFault FaultOf(string bytes, ResponseHeadParser? parser = null)
    {
        ResponseHeadStatus status = (parser ?? new ResponseHeadParser(new ResponseHeadLimits())).Parse(
            new ReadOnlySequence<byte>(Wire.Bytes(bytes)), new ResponseHead(), out _, out _, out ResponseFault fault);
        Assert.NotEqual(ResponseHeadStatus.Incomplete, status);
        return fault;
    }

    /// <summary>Reads the answer to one request: interim heads, the final head, the body. The connection ends with the arrival.</summary>
    public static ResponseReading Read(Arrival arrival, RequestMethod method = RequestMethod.Get, ResponseHeadLimits? limits = null)
    {
        var parser = new ResponseHeadParser(limits ?? new ResponseHeadLimits());
        var head = new ResponseHead();
        var reading = new ResponseReading();
        while (true)
        {
            ResponseFault fault = ReadHead(arrival, parser, head);
            if (fault != ResponseFault.None)
            {
                return reading with { Fault = fault };
            }

            if (!head.IsInterim)
            {
                break;
            }

            reading = reading with { InterimHeads = reading.InterimHeads + 1 };
        }

        reading = reading with { Head = head, Kind = head.BodyOf(method) };
        ResponseFault faultOfBody = reading.Kind switch
        {
            ResponseBody.None => ResponseFault.None,
            ResponseBody.Chunked => ReadChunked(arrival, ref reading),
            ResponseBody.Length => ReadRaw(arrival, head.ContentLength, ref reading),
            _ => ReadRaw(arrival, long.MaxValue, ref reading),
        };
        return reading with { Fault = faultOfBody, Consumed = arrival.Consumed };
    }

    private static ResponseFault ReadHead(Arrival arrival, ResponseHeadParser parser, ResponseHead head)
    {
        while (arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            ResponseHeadStatus status = parser.Parse(
                buffer, head, out SequencePosition consumed, out SequencePosition examined, out ResponseFault fault);
            arrival.AdvanceTo(consumed, examined);
            if (status != ResponseHeadStatus.Incomplete)
            {
                return fault;
            }
        }

        return ResponseFault.HeadCutOff;
    }

    private static ResponseFault ReadChunked(Arrival arrival, ref ResponseReading reading)
    {
        var decoder = new ChunkedDecoder();
        while (arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            ChunkedStatus status = decoder.Decode(
                buffer, out ReadOnlySequence<byte> data, out SequencePosition consumed, out SequencePosition examined);
            reading = reading with { Body = reading.Body + Wire.Text(data.ToArray()) };
            arrival.AdvanceTo(consumed, examined);
            if (status is ChunkedStatus.End or ChunkedStatus.Invalid)
            {
                return status == ChunkedStatus.End ? ResponseFault.None : ResponseFault.InvalidChunkedBody;
            }
        }

        return ResponseFault.BodyCutOff;
    }

    private static ResponseFault ReadRaw(Arrival arrival, long length, ref ResponseReading reading)
    {
        long left = length;
        while (left > 0 && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            ReadOnlySequence<byte> data = buffer.Slice(0, Math.Min(left, buffer.Length));
            left -= data.Length;
            reading = reading with { Body = reading.Body + Wire.Text(data.ToArray()) };
            arrival.AdvanceTo(data.End, data.End);
        }

        return left == 0 || length == long.MaxValue ? ResponseFault.None : ResponseFault.BodyCutOff;
    }
}
