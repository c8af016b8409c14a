using Slice.Core.Origin;

namespace Slice.Net.Origin;

/// <summary>
/// Why there is no connection to the origin, in words that name each address that was tried. The pool hands it on to the request.
/// </summary>
/// <param name="error">See <see cref="Error"/>.</param>
/// <param name="message">In words, without the address as configured, which the caller knows.</param>
/// <param name="cause">What the system said; null when the words say all.</param>
internal sealed class OriginConnectException(FetchError error, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>
    /// <see cref="FetchError.DnsError"/>, <see cref="FetchError.ConnectionRefused"/>, <see cref="FetchError.ConnectionTimeout"/>,
    /// <see cref="FetchError.DescriptorsExhausted"/>, <see cref="FetchError.TlsCertificateError"/> or
    /// <see cref="FetchError.TlsProtocolError"/>.
    /// </summary>
    public FetchError Error { get; } = error;
}
