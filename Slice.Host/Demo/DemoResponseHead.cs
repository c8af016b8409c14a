using System.Globalization;
using System.Text;

namespace Slice.Host.Demo;

/// <summary>The head of a response to a download: just what is needed to know that the body is the one asked for.</summary>
/// <param name="Status">The status code; 0 when the status line is not one of HTTP/1.1.</param>
/// <param name="ContentLength">Content-Length; -1 when it is missing or no number.</param>
/// <param name="ContentRange">Content-Range; empty when it is missing.</param>
internal readonly record struct DemoResponseHead(int Status, long ContentLength, string ContentRange)
{
    private const string StatusLineStart = "HTTP/1.1 ";

    /// <summary>Reads the head at the start of what was received.</summary>
    /// <param name="received">Bytes from the connection, from the first one on.</param>
    /// <param name="head">The head.</param>
    /// <param name="headBytes">Its length with the empty line; the body begins there.</param>
    /// <returns>False when its end has not arrived.</returns>
    public static bool TryRead(ReadOnlySpan<byte> received, out DemoResponseHead head, out int headBytes)
    {
        int end = received.IndexOf("\r\n\r\n"u8);
        headBytes = end + 4;
        head = default;
        if (end < 0)
        {
            return false;
        }

        string[] lines = Encoding.Latin1.GetString(received[..end]).Split("\r\n");
        bool hasLength = long.TryParse(
            Find(lines, "Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out long contentLength);
        head = new DemoResponseHead(ReadStatus(lines[0]), hasLength ? contentLength : -1, Find(lines, "Content-Range"));
        return true;
    }

    private static int ReadStatus(string statusLine)
    {
        bool isStatusLine = statusLine.StartsWith(StatusLineStart, StringComparison.Ordinal)
            && statusLine.Length >= StatusLineStart.Length + 3;
        return isStatusLine && int.TryParse(
            statusLine.AsSpan(StatusLineStart.Length, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) ? status : 0;
    }

    private static string Find(string[] lines, string name)
    {
        string? line = Array.Find(lines, line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
        return line is null ? "" : line[(name.Length + 1)..].Trim();
    }
}
