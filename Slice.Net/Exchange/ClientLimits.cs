using System.Threading.RateLimiting;
using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>
/// What one client address may have of this instance (<c>limits.per_client</c>, B53). What was never used for ten seconds is forgotten, so
/// that memory follows the clients of the moment. Thread-safe.
/// </summary>
/// <remarks>
/// The limiters go by the clock of the machine: they are the library's. A client is what <see cref="ClientName"/> says; one without a name
/// has no limit.
/// </remarks>
internal sealed class ClientLimits
{
    // The limiters are looked after ten times a second, so tokens come in portions of about a tenth of a second, and at least one.
    private const int PortionsPerSecond = 10;

    private readonly PerClientLimitOptions _options;
    private readonly PartitionedRateLimiter<string>? _connections;
    private readonly PartitionedRateLimiter<string>? _refusedConnections;
    private readonly PartitionedRateLimiter<string>? _requests;
    private readonly PartitionedRateLimiter<string>? _bytes;

    private ClientLimits(PerClientLimitOptions options)
    {
        _options = options;
        if (options.Connections > 0)
        {
            _connections = AtOnce(options.Connections);
            _refusedConnections = AtOnce(options.Connections);
        }

        _requests = options.RequestsPerSecond > 0 ? PerSecond(options.RequestsPerSecond, queueLimit: 0) : null;
        _bytes = options.BytesPerSecond > 0 ? PerSecond((int)options.BytesPerSecond, int.MaxValue) : null;
    }

    /// <summary>
    /// The limits that the options ask for: the ones there are when nothing has changed, so that a reload forgives nobody.
    /// </summary>
    public static ClientLimits For(PerClientLimitOptions options, ClientLimits? present) =>
        present?._options == options ? present : new ClientLimits(options);

    /// <summary>Whether nobody is limited: nobody's name needs to be made then.</summary>
    public bool AreOff => _connections is null && _requests is null && _bytes is null;

    /// <summary>Asks for a connection. The caller disposes the answer when the connection ends.</summary>
    /// <remarks>
    /// As many again are let in to be told why not, so that a client which opens more without a word does not take the room of all.
    /// </remarks>
    public ClientAdmission Connect(string client)
    {
        if (_connections is null || client.Length == 0)
        {
            return ClientAdmission.Unlimited;
        }

        var lease = Acquire(_connections, client);
        if (lease.IsAcquired)
        {
            return new ClientAdmission(ConnectionVerdict.Served, lease);
        }

        lease = Acquire(_refusedConnections!, client);
        return new ClientAdmission(lease.IsAcquired ? ConnectionVerdict.Refused : ConnectionVerdict.Dropped, lease);
    }

    /// <summary>Asks for a request; null when the client may have one, else when to come again.</summary>
    public TimeSpan? Ask(string client)
    {
        if (_requests is null || client.Length == 0)
        {
            return null;
        }

        using var lease = Acquire(_requests, client);
        return lease.IsAcquired ? null
            : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait
            : TimeSpan.FromSeconds(1);
    }

    /// <summary>How fast the client is sent bytes; null for as fast as it takes them.</summary>
    public ClientPace? PaceOf(string client) =>
        _bytes is null || client.Length == 0 ? null : new ClientPace(_bytes, client, (int)_options.BytesPerSecond);

    // A limiter that was idle for long may be disposed between being found and being asked; the next one is new.
    private static RateLimitLease Acquire(PartitionedRateLimiter<string> limiter, string name)
    {
        try
        {
            return limiter.AttemptAcquire(name);
        }
        catch (ObjectDisposedException)
        {
            return limiter.AttemptAcquire(name);
        }
    }

    private static PartitionedRateLimiter<string> AtOnce(int count) => PartitionedRateLimiter.Create<string, string>(
        name => RateLimitPartition.GetConcurrencyLimiter(name, _ => new ConcurrencyLimiterOptions { PermitLimit = count }),
        StringComparer.Ordinal);

    private static PartitionedRateLimiter<string> PerSecond(int count, int queueLimit)
    {
        int portion = Math.Max(1, count / PortionsPerSecond);
        return PartitionedRateLimiter.Create<string, string>(
            name => RateLimitPartition.GetTokenBucketLimiter(name, _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = count,
                TokensPerPeriod = portion,
                ReplenishmentPeriod = TimeSpan.FromSeconds((double)portion / count),
                QueueLimit = queueLimit,
                AutoReplenishment = false,
            }),
            StringComparer.Ordinal);
    }
}
