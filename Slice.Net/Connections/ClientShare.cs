using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>
/// What one connection has of its client's share (<c>limits.per_client</c>): a place among the client's connections, and a turn for each
/// request. Used by the connection's loop only, which leaves at its end.
/// </summary>
/// <remarks>The connections of a trusted proxy are those of all its clients and have no limit; its requests are told apart.</remarks>
/// <param name="services">Of the connection.</param>
/// <param name="client">Who sends the requests of the connection; one that nobody knows has no limit.</param>
internal sealed class ClientShare(ConnectionServices services, ExchangeClient client)
{
    // Nobody knows when a client that has too many connections ends one. Arbitrary.
    private static readonly TimeSpan s_untilOneEnds = TimeSpan.FromSeconds(1);

    private ClientAdmission _admission = ClientAdmission.Unlimited;

    /// <summary>Takes a place for the connection. False when it is to be closed without a word.</summary>
    /// <param name="settings">What the connection begins with; a reload counts those that begin after it.</param>
    public bool TryConnect(RequestSettings settings)
    {
        if (IsLimited(settings) && !settings.TrustedProxies.Contain(client.Peer))
        {
            _admission = settings.ClientLimits.Connect(client.Name);
        }

        bool isIn = _admission.Verdict != ConnectionVerdict.Dropped;
        if (!isIn)
        {
            services.Observer.Limited("connections");
        }

        return isIn;
    }

    /// <summary>How fast the client of the current request is sent bytes; null for as fast as it takes them.</summary>
    public ClientPace? PaceUnder(RequestSettings settings) => IsLimited(settings) ? settings.ClientLimits.PaceOf(client.Name) : null;

    /// <summary>
    /// Answers 429 (RFC 6585 §4) when the client has more connections, or asks more often, than one may; false when the request is to be
    /// answered as any. A health check always is: through a balancer its client is everybody, and a balancer that hears 429 gives us up.
    /// </summary>
    public ValueTask<bool> TryRefuseAsync(HttpExchange exchange)
    {
        if (exchange.Head.PathAndQuery.SequenceEqual(exchange.Settings.HealthPath.Span))
        {
            return new(false);
        }

        if (_admission.Verdict == ConnectionVerdict.Refused)
        {
            exchange.KeepAlive = false;
            return RefuseAsync(exchange, "connections", "more connections than one client may have", s_untilOneEnds);
        }

        return IsLimited(exchange.Settings) && exchange.Settings.ClientLimits.Ask(client.Name) is { } wait
            ? RefuseAsync(exchange, "requests", "more requests per second than one client may send", wait)
            : new(false);
    }

    /// <summary>Gives the place to the client's next connection. Once, at the end.</summary>
    public void Leave() => _admission.Dispose();

    private bool IsLimited(RequestSettings settings) => services.LimitsClients && !settings.ClientLimits.AreOff;

    private async ValueTask<bool> RefuseAsync(HttpExchange exchange, string limit, string reason, TimeSpan wait)
    {
        services.Observer.Limited(limit);
        await ErrorResponder.WriteTooManyAsync(exchange, reason, wait);
        return true;
    }
}
