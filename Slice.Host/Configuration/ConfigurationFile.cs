using System.Text;

namespace Slice.Host.Configuration;

/// <summary>Reads the text of a configuration file.</summary>
internal static class ConfigurationFile
{
    /// <summary>
    /// Bytes a file may have; a hand-written one has a few thousand. The bound keeps a wrong path, such as an image, out of memory.
    /// </summary>
    public const int LongestBytes = 1 << 20;

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file as UTF-8; a byte order mark is dropped.</summary>
    /// <returns>The text, or null after adding to <paramref name="errors"/> why there is none.</returns>
    public static string? ReadText(string file, List<ConfigurationError> errors)
    {
        try
        {
            byte[] content = ReadBytes(file);
            if (content.Length > LongestBytes)
            {
                errors.Add(Unreadable(file, "longer than 1MiB"));
                return null;
            }

            string text = s_strictUtf8.GetString(content);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException exception)
        {
            errors.Add(NotUtf8(file, exception));
            return null;
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.Add(Unreadable(file, Explain(file, exception)));
            return null;
        }
    }

    /// <summary>Why a file cannot be read, in an operator's words.</summary>
    internal static string Explain(string file, Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        // Linux opens a directory, and .NET then reports it as a matter of permission.
        UnauthorizedAccessException when Directory.Exists(file) => "a directory",
        UnauthorizedAccessException => "permission denied",
        _ => exception.Message,
    };

    private static byte[] ReadBytes(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // One byte more than allowed tells a file at the limit from a longer one; the length of a device or a pipe is unknown.
        byte[] content = new byte[LongestBytes + 1];
        return content[..stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
    }

    private static ConfigurationError NotUtf8(string file, DecoderFallbackException exception)
    {
        string badBytes = Convert.ToHexStringLower(exception.BytesUnknown ?? []);
        return Unreadable(file, $"not UTF-8: bytes {badBytes} at offset {exception.Index}");
    }

    private static ConfigurationError Unreadable(string file, string reason) =>
        new(file, 0, 0, null, null, $"cannot be read: {reason}", null);
}
