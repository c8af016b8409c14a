using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Net.Exchange;

namespace Slice.Net.AccessLog;

/// <summary>Writes the line of one exchange. Pure; allocates nothing.</summary>
internal static class AccessLogLine
{
    /// <summary>Longest line in bytes, with its end. Values that would make it longer are cut.</summary>
    public const int MaxBytes = 32 << 10;

    // Longest value of a client that is written: the longest request-target by default. The rest of a longer one is not worth its room.
    private const int MaxValueBytes = 8 << 10;

    // More than a number, a time, a word of ours or an address takes, with quotes.
    private const int OwnValueBytes = 64;

    /// <summary>Writes the line and its end.</summary>
    /// <param name="format">How it looks.</param>
    /// <param name="record">The exchange.</param>
    /// <param name="now">The time of the line.</param>
    /// <param name="destination">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(AccessLogFormat format, in ExchangeRecord record, DateTimeOffset now, Span<byte> destination)
    {
        // Each piece that follows has room for its text, or for a value of ours.
        int reserved = 1;
        foreach (var piece in format.Pieces)
        {
            reserved += ReservedBytes(piece);
        }

        var line = new LineWriter(destination, format.Syntax);
        foreach (var piece in format.Pieces)
        {
            reserved -= ReservedBytes(piece);
            if (piece.Field is { } field)
            {
                line.MaxValueBytes = Math.Min(MaxValueBytes, destination.Length - line.Length - reserved - OwnValueBytes);
                Write(ref line, field, record, now);
            }
            else
            {
                line.WriteText(piece.Text.Span);
            }
        }

        line.WriteText("\n"u8);
        return line.Length;
    }

    private static int ReservedBytes(AccessLogPiece piece) => piece.Field is null ? piece.Text.Length : OwnValueBytes;

    private static void Write(ref LineWriter line, AccessLogField field, in ExchangeRecord record, DateTimeOffset now)
    {
        switch (field)
        {
            case AccessLogField.Time:
                line.WriteTime(now);
                break;
            case AccessLogField.TimeLocal:
                line.WriteTimeOfServers(now);
                break;
            case AccessLogField.Status:
                line.WriteNumber(record.Status);
                break;
            case AccessLogField.Bytes:
                line.WriteNumber(record.BodyBytes);
                break;
            case AccessLogField.BytesFromCache:
                line.WriteNumber(record.BytesFromStore);
                break;
            case AccessLogField.Cache:
                line.WriteWord(record.CacheResult == CacheResult.None ? default : CacheStatus.XCacheOf(record.CacheResult));
                break;
            case AccessLogField.CacheReason:
                line.WriteWord(record.CacheDetail.Token());
                break;
            case AccessLogField.SlicesHit:
                line.WriteNumber(record.SlicesHit);
                break;
            case AccessLogField.SlicesFetched:
                line.WriteNumber(record.SlicesFetched);
                break;
            case AccessLogField.OriginTime:
                line.WriteSeconds(record.OriginTime);
                break;
            case AccessLogField.FirstByte:
                line.WriteSeconds(record.TimeToFirstByte);
                break;
            case AccessLogField.Duration:
                line.WriteSeconds(record.Duration);
                break;
            case AccessLogField.Ending:
                line.WriteWord(record.Ending.Token());
                break;
            default:
                WriteOfRequest(ref line, field, record);
                break;
        }
    }

    private static void WriteOfRequest(ref LineWriter line, AccessLogField field, in ExchangeRecord record)
    {
        switch (field)
        {
            case AccessLogField.Client:
                line.WriteAddress(record.Client.Address);
                break;
            case AccessLogField.Peer:
                line.WriteAddress(record.Client.Peer);
                break;
            case AccessLogField.Origin:
                line.WriteValue(record.Origin);
                break;
            case AccessLogField.RequestId:
                line.WriteValue(record.Client.RequestId);
                break;
            case AccessLogField.Scheme:
                line.WriteWord(record.Head is null ? default : record.Client.IsTls ? "https"u8 : "http"u8);
                break;
            case AccessLogField.Host:
                line.WriteValue(record.Head is null ? default : record.Client.Host);
                break;
            case AccessLogField.Method:
                line.WriteValue(record.Method);
                break;
            case AccessLogField.Target:
                line.WriteValue(record.Target);
                break;
            case AccessLogField.Protocol:
                line.WriteWord(ProtocolOf(record));
                break;
            case AccessLogField.Request:
                WriteRequest(ref line, record);
                break;
            case AccessLogField.Referer:
                line.WriteValue(record.Head is { } asked && asked.Fields.NextIndex("Referer"u8, 0) is >= 0 and var at
                    ? asked.Fields.ValueAt(at)
                    : default);
                break;
            case AccessLogField.UserAgent:
                line.WriteValue(record.Head is { } head && head.Fields.TryGet(KnownField.UserAgent, out var agent) ? agent : default);
                break;
        }
    }

    private static ReadOnlySpan<byte> ProtocolOf(in ExchangeRecord record) =>
        record.Head is null ? default : record.Head.MinorVersion == 0 ? "HTTP/1.0"u8 : "HTTP/1.1"u8;

    // As one value: of the target what fits.
    private static void WriteRequest(ref LineWriter line, in ExchangeRecord record)
    {
        if (record.Head is null)
        {
            line.WriteWord(default);
            return;
        }

        line.WriteValue(record.Method, " "u8, record.Target, " "u8, ProtocolOf(record));
    }
}
