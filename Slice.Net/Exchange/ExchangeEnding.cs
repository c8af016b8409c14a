namespace Slice.Net.Exchange;

/// <summary>How an exchange ended: a closed list.</summary>
internal enum ExchangeEnding : byte
{
    /// <summary>Everything that was to be sent was handed to the kernel.</summary>
    Complete,

    /// <summary>
    /// The head of the request was no valid HTTP, too large, or too late, or its body no valid HTTP or too large: answered by a status of
    /// 4xx or 5xx, and the connection ends. A body that is too late is <see cref="ClientTooSlow"/>.
    /// </summary>
    Refused,

    /// <summary>The client closed or reset the connection.</summary>
    ClientLeft,

    /// <summary>
    /// The client took too little of a response for too long (<c>timeouts.send</c>, <c>limits.min_send_rate</c>): aborted. Or it sent too
    /// little of a request body (<c>timeouts.request_body</c>, <c>limits.min_receive_rate</c>): answered 408.
    /// </summary>
    ClientTooSlow,

    /// <summary>
    /// The origin failed: answered by 502, 503 or 504, or cut off when the head was out. Also a tunnel that the origin has reset.
    /// </summary>
    OriginFailed,

    /// <summary>Stored bytes could not be read when the head was out.</summary>
    StoreFailed,

    /// <summary>A limit of ours, such as <c>timeouts.tunnel</c> for a tunnel in which nobody speaks, or a fault of ours.</summary>
    Failed,
}
