using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Net.Certificates;

namespace Slice.Net.Origin;

/// <summary>
/// TLS with an <c>https</c> origin: version 1.2 or later, over a connection that there is. Thread-safe.
/// </summary>
/// <remarks>
/// The pool would do TLS by itself, but takes the name for SNI and for the certificate from the Host of the request. With
/// <c>forward_host</c> a client chooses that: it would choose the name the origin has to prove, and open a pool for each name. So the
/// pool is told <c>http</c> and given streams that are encrypted already, and the name is the address's or <c>upstream_tls.server_name</c>.
/// </remarks>
internal sealed class OriginTls
{
    // An origin that would rather speak HTTP/2 is told that we do not (RFC 7301).
    private static readonly List<SslApplicationProtocol> s_http11 = [SslApplicationProtocol.Http11];

    private readonly UpstreamTlsOptions _options;
    private readonly X509ChainPolicy _policy;

    /// <summary>TLS as configured.</summary>
    /// <exception cref="InvalidDataException">The file of CA certificates cannot be used; the message says why.</exception>
    public OriginTls(UpstreamTlsOptions options)
    {
        _options = options;

        // Revocation is not asked for, as in nginx and curl: the answer would come from a third party, at the pace of that party. For
        // the same reason missing intermediate certificates are not downloaded; a server has to send them (RFC 8446 §4.4.2).
        _policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (options.CaFile is null)
        {
            return;
        }

        if (CertificateBundle.Read(options.CaFile, out var certificates) is string problem)
        {
            throw new InvalidDataException($"upstream_tls.ca_file: {options.CaFile}: {problem}");
        }

        _policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        _policy.CustomTrustStore.AddRange(certificates);
    }

    /// <summary>Encrypts a connection, which becomes the stream's; the caller owns that. On any failure the socket is closed.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="host">Who the origin must prove to be, unless <c>upstream_tls.server_name</c> is set.</param>
    /// <param name="ct">Ends the handshake.</param>
    /// <exception cref="OriginConnectException">No TLS, or the origin is not who it should be.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<OriginTlsStream> ShakeHandsAsync(Socket socket, string host, CancellationToken ct)
    {
        var stream = OriginTlsStream.Over(socket);
        try
        {
            await ShakeHandsAsync(stream, _options.ServerName ?? host, ct);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private async Task ShakeHandsAsync(SslStream stream, string name, CancellationToken ct)
    {
        string? refusal = null;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = s_http11,
            CertificateChainPolicy = _policy,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                refusal = _options.Verify && errors != SslPolicyErrors.None ? OriginTlsFailures.Describe(errors, name, certificate, chain)
                    : null;
                return refusal is null;
            },
        };
        try
        {
            await stream.AuthenticateAsClientAsync(options, ct);
        }
        catch (AuthenticationException error) when (refusal is not null)
        {
            throw new OriginConnectException(FetchError.TlsCertificateError, refusal, error);
        }
        catch (AuthenticationException error)
        {
            throw new OriginConnectException(FetchError.TlsProtocolError, OriginTlsFailures.Describe(error, name), error);
        }
        catch (IOException error)
        {
            throw new OriginConnectException(FetchError.TlsProtocolError, "the connection broke in the TLS handshake", error);
        }
    }
}
