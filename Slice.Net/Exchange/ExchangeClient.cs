using System.Net;
using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// Who has sent the request of an exchange: the other side of the connection, or the client for which a trusted proxy speaks
/// (<c>trusted_proxies</c>). One per connection, used for every request; not thread-safe.
/// </summary>
internal sealed class ExchangeClient
{
    private readonly RequestHead _head;
    private readonly bool _isTls;
    private readonly RequestId _id = new();
    private ClientAddress _named;
    private string? _name;

    /// <summary>The client of a connection.</summary>
    /// <param name="peer">The other side; null when a balancer does not say.</param>
    /// <param name="isTls">Whether the other side speaks TLS to us.</param>
    /// <param name="head">Where the heads of its requests are parsed into.</param>
    public ExchangeClient(EndPoint? peer, bool isTls, RequestHead head)
    {
        (_isTls, _head) = (isTls, head);
        Peer = Address = ClientAddress.Of(peer);
    }

    /// <summary>The other side of the connection; unknown when a balancer does not say. The PROXY protocol's word counts.</summary>
    public ClientAddress Peer { get; }

    /// <summary>The client itself.</summary>
    public ClientAddress Address { get; private set; }

    /// <summary>Whether the other side is a trusted proxy.</summary>
    public bool IsBehindProxy { get; private set; }

    /// <summary>Whether the client has asked by https.</summary>
    public bool IsTls => (IsBehindProxy ? ForwardedClient.IsTls(_head.Fields) : null) ?? _isTls;

    /// <summary>The host that the client has asked for; empty when it has named none. Valid during the exchange.</summary>
    public ReadOnlySpan<byte> Host
    {
        get
        {
            var host = IsBehindProxy ? ForwardedClient.Host(_head.Fields) : default;
            return host.IsEmpty ? _head.Host : host;
        }
    }

    /// <summary>The id of the request. Valid during the exchange.</summary>
    public ReadOnlySpan<byte> RequestId => _id.Of(_head.Fields, IsBehindProxy);

    /// <summary>The same as a text, for lines of the log and for what outlives the exchange.</summary>
    public string RequestIdText => Encoding.ASCII.GetString(RequestId);

    /// <summary>What <see cref="ClientName"/> calls the client.</summary>
    public string Name
    {
        get
        {
            if (_name is null || _named != Address)
            {
                (_named, _name) = (Address, ClientName.Of(Address));
            }

            return _name;
        }
    }

    /// <summary>Begins with the request whose head was just parsed.</summary>
    public void Begin(TrustedProxies trusted)
    {
        _id.Reset();
        IsBehindProxy = !trusted.AreNone && trusted.Contain(Peer);
        Address = IsBehindProxy ? ForwardedClient.Find(_head.Fields, Peer, trusted) : Peer;
    }

    /// <summary>Begins with a head that was refused: what stands in it counts for nothing.</summary>
    public void BeginRefused()
    {
        _id.Reset();
        IsBehindProxy = false;
        Address = Peer;
    }
}
