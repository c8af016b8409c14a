using System.Threading.RateLimiting;

namespace Slice.Net.Exchange;

/// <summary>
/// How fast a client is sent bytes, over all of its connections (<c>limits.per_client.bytes_per_second</c>). Its connections take turns in
/// the order in which they ask. Thread-safe.
/// </summary>
/// <param name="limiter">Has a token for each byte of each client.</param>
/// <param name="client">The client's name.</param>
/// <param name="bytesPerSecond">Tokens that come per second, and that a client can save.</param>
internal sealed class ClientPace(PartitionedRateLimiter<string> limiter, string client, int bytesPerSecond)
{
    // A tenth of a second's bytes: with more, one connection would hold up the client's others; above 64 KiB they gain nothing.
    private const int PiecesPerSecond = 10;
    private const int LongestPiece = 64 << 10;

    /// <summary>Most bytes to ask for at once; at least 1.</summary>
    public int PieceBytes { get; } = Math.Clamp(bytesPerSecond / PiecesPerSecond, 1, LongestPiece);

    /// <summary>Waits until the client may be sent so many bytes.</summary>
    /// <param name="bytes">At most <see cref="PieceBytes"/>.</param>
    /// <param name="ct">The connection's.</param>
    /// <returns>False when the connection has ended meanwhile.</returns>
    public async ValueTask<bool> WaitAsync(int bytes, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                using var lease = await limiter.AcquireAsync(client, bytes, ct);
                if (lease.IsAcquired)
                {
                    return true;
                }
            }
            catch (ObjectDisposedException)
            {
                // The client was idle for long, and its limiter was forgotten at this moment: the next one is new.
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }
}
