namespace Slice.Core.Http;

/// <summary>What <see cref="ChunkedDecoder.Decode"/> found.</summary>
public enum ChunkedStatus : byte
{
    /// <summary>
    /// Everything received is used up and the body goes on. The end of the connection now is an incomplete message (RFC 9112 §8).
    /// </summary>
    NeedMore,

    /// <summary>There is data; use it, and call again with what follows <c>consumed</c>.</summary>
    Data,

    /// <summary>The body is over, trailers included; the next message begins at <c>consumed</c>.</summary>
    End,

    /// <summary>
    /// The framing is broken: <see cref="RequestRejection.InvalidChunkedBody"/>, <see cref="ResponseFault.InvalidChunkedBody"/>. Stays so
    /// until <see cref="ChunkedDecoder.Reset"/>.
    /// </summary>
    Invalid,
}
