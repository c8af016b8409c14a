namespace Slice.Net.Origin;

/// <summary>
/// Keeps the connection to the origin that belongs to one client, between that client's requests: a login bound the connection (NTLM,
/// Negotiate), and whoever else used it would be taken for the client. One request at a time; ends with the client's connection.
/// </summary>
/// <remarks>HTTP has no such logins (RFC 9110 §3.3 calls requests stateless), and servers have them all the same.</remarks>
internal sealed class PrivateWire : IDisposable
{
    private WireConnection? _connection;
    private bool _isDisposed;

    /// <summary>Whether there is a connection that somebody has logged in on, or tried to.</summary>
    public bool HasConnection => _connection is not null;

    /// <summary>The address that the connection leads to; null when there is none.</summary>
    public OriginEndpoint? Endpoint => _connection?.Endpoint;

    /// <summary>The connection, for the next request to an address; null when there is none, or it has ended.</summary>
    public WireConnection? Take(OriginEndpoint endpoint)
    {
        var connection = _connection;
        _connection = null;
        if (connection is null || (connection.IsIdle && connection.Endpoint == endpoint))
        {
            return connection;
        }

        connection.Dispose();
        return null;
    }

    /// <summary>Keeps a connection whose response was read to its end.</summary>
    public void Keep(WireConnection connection)
    {
        _connection?.Dispose();
        _connection = connection;
        if (_isDisposed || !connection.TryBeginIdle())
        {
            connection.Dispose();
            _connection = null;
        }
    }

    /// <summary>Ends the connection.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _connection?.Dispose();
        _connection = null;
    }
}
