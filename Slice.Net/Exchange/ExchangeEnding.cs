namespace Slice.Net.Exchange;

/// <summary>How an exchange ended: a closed list.</summary>
internal enum ExchangeEnding : byte
{
    /// <summary>Everything that was to be sent was handed to the kernel.</summary>
    Complete,

    /// <summary>
    /// Head or body of the request was no valid HTTP, too large, or too late: answered by a status of 4xx or 5xx, and the connection ends.
    /// </summary>
    Refused,

    /// <summary>The client closed or reset the connection.</summary>
    ClientLeft,

    /// <summary>The client took, or sent, too little for too long (<c>timeouts.send</c>, <c>limits.min_send_rate</c>).</summary>
    ClientTooSlow,

    /// <summary>The origin failed: answered by 502, 503 or 504, or cut off when the head was out.</summary>
    OriginFailed,

    /// <summary>Stored bytes could not be read when the head was out.</summary>
    StoreFailed,

    /// <summary>A limit or a fault of ours.</summary>
    Failed,
}
