namespace Slice.Core.Options;

/// <summary>TLS towards clients, on a port of its own.</summary>
public sealed record TlsOptions
{
    /// <summary>Where clients connect with TLS, <c>address:port</c>; null: nowhere.</summary>
    public string? ListenAddress { get; init; }

    /// <summary>PEM file with the certificate and its chain; required with <see cref="ListenAddress"/>. Read again at SIGHUP.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file with the certificate's key; required with <see cref="ListenAddress"/>. Read again at SIGHUP.</summary>
    public string? Key { get; init; }
}
