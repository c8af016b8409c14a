using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Net.Certificates;

/// <summary>What was read from the two files of a server's certificate. Disposing it gives the certificates and the key back.</summary>
internal sealed class CertificateFiles : IDisposable
{
    private readonly X509Certificate2 _leaf;

    private CertificateFiles(X509Certificate2 leaf, SslStreamCertificateContext context)
    {
        _leaf = leaf;
        Ends = EndsOf([leaf, .. context.IntermediateCertificates]);
        Options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
    }

    /// <summary>How a handshake with it is done: TLS 1.2 or 1.3, HTTP/1.1.</summary>
    public SslServerAuthenticationOptions Options { get; }

    /// <summary>
    /// When each certificate that is shown ends, in Unix time, by its subject; of several of one subject, the first end.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, long>> Ends { get; }

    /// <summary>Reads the files.</summary>
    /// <param name="certificatePath">The certificate, then its chain.</param>
    /// <param name="keyPath">The key; may be the same file.</param>
    /// <param name="files">What was read, the caller's; null when something is wrong.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Read(string certificatePath, string keyPath, out CertificateFiles? files)
    {
        files = null;
        try
        {
            string pem = PemFile.ReadText(certificatePath);
            files = Read(pem, keyPath == certificatePath ? pem : PemFile.ReadText(keyPath));
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

    /// <summary>What is wrong, or soon will be, with the period of the certificate or of one that is shown with it; or null.</summary>
    /// <param name="now">The time it is asked for.</param>
    public PeriodProblem? WarnOfPeriod(DateTimeOffset now) =>
        CertificatePeriod.Warn([_leaf, .. Options.ServerCertificateContext!.IntermediateCertificates], now);

    /// <inheritdoc/>
    public void Dispose()
    {
        _leaf.Dispose();
        DisposeAll(Options.ServerCertificateContext!.IntermediateCertificates);
    }

    private static KeyValuePair<string, long>[] EndsOf(IEnumerable<X509Certificate2> certificates) =>
    [
        .. certificates
            .GroupBy(static certificate => certificate.Subject, StringComparer.Ordinal)
            .Select(static same => KeyValuePair.Create(
                same.Key, same.Min(static certificate => new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds()))),
    ];

    private static CertificateFiles Read(string pem, string keyPem)
    {
        var leaf = X509Certificate2.CreateFromPem(pem, keyPem);
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(pem);

            // Offline: the chain is what the file has; nothing is fetched from the network for it.
            return new CertificateFiles(leaf, SslStreamCertificateContext.Create(leaf, chain, offline: true));
        }
        catch
        {
            leaf.Dispose();
            throw;
        }
        finally
        {
            // The context has copies of those that it shows.
            DisposeAll(chain);
        }
    }

    private static void DisposeAll(IEnumerable<X509Certificate2> certificates)
    {
        foreach (var certificate in certificates)
        {
            certificate.Dispose();
        }
    }
}
