namespace Slice.Core.Http;

/// <summary>How the end of what follows a response head is found (RFC 9112 §6.3).</summary>
public enum ResponseBody : byte
{
    /// <summary>There is none, whatever the fields say: the next response begins behind the head.</summary>
    None,

    /// <summary>Chunked: <see cref="ChunkedDecoder"/> finds the end.</summary>
    Chunked,

    /// <summary><see cref="MessageHead.ContentLength"/> bytes, possibly none.</summary>
    Length,

    /// <summary>Everything until the connection ends. A whole body cannot be told from one that was cut off (RFC 9112 §8).</summary>
    UntilClose,

    /// <summary>No body but a tunnel: the connection speaks another protocol from here on (RFC 9110 §7.8, §9.3.6).</summary>
    Tunnel,
}
