using System.Buffers;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Net.Exchange;

namespace Slice.Net.Delivery;

/// <summary>
/// Sends bytes past the store: those of a slice that the store does not take; or, when the store has lost a slice that the origin gives
/// with the whole object only, the rest of the response. A full store must not cost the client its response. Thread-safe.
/// </summary>
internal sealed class UnstoredDelivery(UnstoredReader reader, Core.Observability.SliceMeter meter)
{
    private static readonly DeliveryOutcome s_delivered = new(DeliveryStatus.Delivered, HasBegun: true, Failure.None);
    private static readonly DeliveryOutcome s_clientGone = new(DeliveryStatus.ClientGone, HasBegun: true, Failure.None);

    /// <summary>Whether a failure of a slice is one that the rest of the response need not suffer from.</summary>
    public static bool CanHelp(FetchError failure) => failure is FetchError.StoreFull or FetchError.StoreWriteError or FetchError.SliceGone;

    /// <summary>Sends <paramref name="head"/>, which may be empty, and then the bytes of a range.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="generation">The version of the object.</param>
    /// <param name="rest">The bytes.</param>
    /// <param name="head">The response head; empty when it is out.</param>
    /// <param name="asWhole">
    /// Whether the object is asked for as a whole and skipped up to the bytes, as its origin gives no parts; else in parts.
    /// </param>
    /// <returns>How it ended. What was sent of the range is counted in the exchange, also when the call throws.</returns>
    /// <exception cref="OperationCanceledException">The client left while its bytes were fetched.</exception>
    public async ValueTask<DeliveryOutcome> RunAsync(
        HttpExchange exchange, Generation generation, ByteRange rest, ReadOnlyMemory<byte> head, bool asWhole)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UnstoredReader.PieceBytes);
        try
        {
            return asWhole
                ? await RunWholeAsync(exchange, generation, rest, head, buffer)
                : await RunPiecesAsync(exchange, generation, rest, head, buffer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<DeliveryOutcome> RunPiecesAsync(
        HttpExchange exchange, Generation generation, ByteRange rest, ReadOnlyMemory<byte> head, byte[] buffer)
    {
        for (long at = rest.Start; at < rest.End;)
        {
            var piece = new ByteRange(at, Math.Min(rest.End, at + UnstoredReader.PieceBytes));
            var bytes = buffer.AsMemory(0, (int)piece.Length);
            var failure = await reader.ReadAsync(generation, exchange.FetchContext, piece, bytes, exchange.ConnectionClosed);
            if (failure.IsError)
            {
                return Failed(head, failure);
            }

            if (!await TryWriteAsync(exchange, head, bytes))
            {
                return s_clientGone;
            }

            head = default;
            at = piece.End;
        }

        return s_delivered;
    }

    private async ValueTask<DeliveryOutcome> RunWholeAsync(
        HttpExchange exchange, Generation generation, ByteRange rest, ReadOnlyMemory<byte> head, byte[] buffer)
    {
        var opened = await reader.OpenWholeAsync(generation, exchange.FetchContext, rest.Start, exchange.ConnectionClosed);
        using var response = opened.Response;
        if (response is null)
        {
            return Failed(head, opened.Failure);
        }

        for (long left = rest.Length; left > 0;)
        {
            var read = await response.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
            if (read.Bytes == 0)
            {
                var failure = read.Failure.IsError ? read.Failure : new Failure(FetchError.HttpResponseIncomplete, $"{left} bytes short");
                return Failed(head, failure with { Origin = response.Origin });
            }

            meter.BytesFromOrigin.Add(read.Bytes);
            bool isEnd = left == read.Bytes && rest.End == generation.CompleteLength;
            var longer = isEnd ? await PartReader.CheckEndAsync(response) : Failure.None;
            if (longer.IsError)
            {
                return Failed(head, longer);
            }

            if (!await TryWriteAsync(exchange, head, buffer.AsMemory(0, read.Bytes)))
            {
                return s_clientGone;
            }

            head = default;
            left -= read.Bytes;
        }

        return s_delivered;
    }

    private static DeliveryOutcome Failed(ReadOnlyMemory<byte> head, Failure failure) =>
        new(DeliveryStatus.Failed, HasBegun: head.IsEmpty, failure);

    private static async ValueTask<bool> TryWriteAsync(HttpExchange exchange, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> bytes)
    {
        exchange.StartPlanned();
        if ((!head.IsEmpty && await exchange.Writer.WriteAsync(head) != WriteResult.Written)
            || await exchange.Writer.WriteAsync(bytes) != WriteResult.Written)
        {
            return false;
        }

        exchange.BodyBytes += bytes.Length;
        return true;
    }
}
