namespace Slice.Net.Exchange;

/// <summary>The words for <see cref="ExchangeEnding"/>. Pure.</summary>
internal static class ExchangeEndings
{
    /// <summary>The word in lines of the log.</summary>
    public static ReadOnlySpan<byte> Token(this ExchangeEnding ending) => ending switch
    {
        ExchangeEnding.Complete => "complete"u8,
        ExchangeEnding.Refused => "refused"u8,
        ExchangeEnding.ClientLeft => "client_left"u8,
        ExchangeEnding.ClientTooSlow => "client_too_slow"u8,
        ExchangeEnding.OriginFailed => "origin_failed"u8,
        ExchangeEnding.StoreFailed => "store_failed"u8,
        _ => "failed"u8,
    };
}
