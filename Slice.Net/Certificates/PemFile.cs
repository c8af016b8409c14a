using System.Text;

namespace Slice.Net.Certificates;

/// <summary>Reads a file of certificates or keys in PEM (RFC 7468), which an operator names.</summary>
internal static class PemFile
{
    // A hundred times what a public set of authorities takes. Without a bound a path to a device would be read until memory ends.
    private const int MaxBytes = 16 << 20;

    /// <summary>The text of the file.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, or is longer than 16 MiB.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static string ReadText(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var content = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        int read;
        while ((read = file.Read(buffer)) > 0)
        {
            if (content.Length + read > MaxBytes)
            {
                throw new IOException("it is longer than 16 MiB");
            }

            content.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length);
    }
}
