using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Net.Certificates;

/// <summary>
/// The certificate shown to clients, with its key and chain, from two PEM files (RFC 7468). <see cref="Reload"/> replaces it for new
/// handshakes; connections that are open keep theirs. Thread-safe.
/// </summary>
public sealed class ServerCertificate
{
    /// <summary>What the two files must be, in words for an error line.</summary>
    public const string Syntax = "a readable file in PEM: the certificate, then its chain, in tls.certificate; its key, without a password, in tls.key";

    private readonly string _certificatePath;
    private readonly string _keyPath;
    private volatile SslServerAuthenticationOptions _options;

    private ServerCertificate(string certificatePath, string keyPath, SslServerAuthenticationOptions options) =>
        (_certificatePath, _keyPath, _options) = (certificatePath, keyPath, options);

    /// <summary>How the next handshake is done: TLS 1.2 or 1.3, HTTP/1.1.</summary>
    public SslServerAuthenticationOptions Options => _options;

    /// <summary>Reads the files.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? Load(string certificatePath, string keyPath, out ServerCertificate? certificate)
    {
        string? problem = Read(certificatePath, keyPath, out var options);
        certificate = problem is null ? new ServerCertificate(certificatePath, keyPath, options!) : null;
        return problem;
    }

    /// <summary>Reads the files again; what was there stays when they cannot be used.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? Reload()
    {
        string? problem = Read(_certificatePath, _keyPath, out var options);
        _options = options ?? _options;
        return problem;
    }

    private static string? Read(string certificatePath, string keyPath, out SslServerAuthenticationOptions? options)
    {
        options = null;
        try
        {
            string pem = PemFile.ReadText(certificatePath);
            var leaf = X509Certificate2.CreateFromPem(pem, keyPath == certificatePath ? pem : PemFile.ReadText(keyPath));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            options = new SslServerAuthenticationOptions
            {
                // Offline: the chain is what the file has; nothing is fetched from the network for it.
                ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http11],
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            };
            return null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"no such file: {(File.Exists(certificatePath) ? keyPath : certificatePath)}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {error.Message}";
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            // ArgumentException: a key in PKCS #8 on an elliptic curve that is another certificate's.
            return $"no certificate with its key: {error.Message}";
        }
    }
}
