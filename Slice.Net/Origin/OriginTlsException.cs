using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Why there is no TLS with the origin: the only way for a connect callback to tell the pool, which hands it on to the request.
/// </summary>
internal sealed class OriginTlsException(FetchError error, string message, Exception cause) : Exception(message, cause)
{
    /// <summary><see cref="FetchError.TlsCertificateError"/> or <see cref="FetchError.TlsProtocolError"/>.</summary>
    public FetchError Error { get; } = error;
}
