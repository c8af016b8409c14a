using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Net.Certificates;

/// <summary>A file of CA certificates in PEM (RFC 7468), as <c>upstream_tls.ca_file</c> names it.</summary>
public static class CertificateBundle
{
    /// <summary>What the file must be, in words for an error line.</summary>
    public const string Syntax = "a readable file with one or more certificates in PEM";

    /// <summary>Reads a file. The caller owns the certificates.</summary>
    /// <param name="path">The file; a relative one starts at the working directory.</param>
    /// <param name="certificates">Every certificate in it; empty when the result is not null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Read(string path, out X509Certificate2Collection certificates)
    {
        certificates = [];
        try
        {
            certificates.ImportFromPem(PemFile.ReadText(path));
            return certificates.Count == 0 ? "no certificate in it" : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return "no such file";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {error.Message}";
        }
        catch (CryptographicException error)
        {
            return $"a certificate in it is broken: {error.Message}";
        }
    }
}
