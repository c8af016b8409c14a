namespace Slice.Core.Observability;

/// <summary>Which setting closed a connection of a client before anything was asked; in the order of the values of the label.</summary>
public enum ConnectionRefusal
{
    /// <summary>As many as <c>limits.max_connections</c> were open.</summary>
    MaxConnections,

    /// <summary>It did not begin as <c>proxy_protocol</c> demands, or came from an address that is not trusted.</summary>
    ProxyProtocol,
}
