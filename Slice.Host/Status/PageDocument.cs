using System.Security.Cryptography;
using System.Text;

namespace Slice.Host.Status;

/// <summary>
/// The page: one document in the binary, with its style and its script inside. The policy names both by their hash, so that a browser runs
/// nothing else, whatever text comes to stand in the page. Immutable.
/// </summary>
internal sealed class PageDocument
{
    private const string ResourceName = "page.html";

    /// <summary>Reads the document out of the binary.</summary>
    public PageDocument()
    {
        using var stream = typeof(PageDocument).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"The binary has no {ResourceName}.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        Bytes = bytes;
        string text = Encoding.UTF8.GetString(bytes);
        Policy = $"default-src 'none'; script-src 'sha256-{HashOf(text, "script")}'; style-src 'sha256-{HashOf(text, "style")}'; "
            + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    /// <summary>The document.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The value of Content-Security-Policy for it (CSP Level 3 §2.3.1).</summary>
    public string Policy { get; }

    // Of everything between the tags, as it stands there.
    private static string HashOf(string text, string element)
    {
        int start = text.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        int end = text.IndexOf($"</{element}>", start, StringComparison.Ordinal);
        return Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text[start..end])));
    }
}
