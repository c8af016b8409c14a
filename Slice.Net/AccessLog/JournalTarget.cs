using System.Net.Sockets;
using Slice.Core.Options;

namespace Slice.Net.AccessLog;

/// <summary>
/// The journal of systemd by its own protocol: one datagram and so one entry per line, under an identifier of its own, so that
/// <c>journalctl -t pingora-slice-access</c> shows the access log alone and <c>-t pingora-slice</c> the log without it.
/// </summary>
/// <remarks>Not standard error, which has one identifier for both. See systemd.io/JOURNAL_NATIVE_PROTOCOL.</remarks>
internal sealed class JournalTarget(string socketPath = JournalTarget.SocketPath) : ILogTarget
{
    /// <summary>Where systemd-journald listens.</summary>
    public const string SocketPath = "/run/systemd/journal/socket";

    // A journal that takes nothing holds up the thread of the access log alone; then the line counts as not written.
    private const int SendTimeoutMs = 1_000;

    private readonly byte[] _entry = new byte[AccessLogLine.MaxBytes + 128];
    private Socket? _socket;

    /// <inheritdoc/>
    public string Name => AccessLogOptions.Journal;

    // Severity "informational" of RFC 5424 §6.2.1.
    private static ReadOnlySpan<byte> Head => "PRIORITY=6\nSYSLOG_IDENTIFIER=pingora-slice-access\nMESSAGE="u8;

    /// <inheritdoc/>
    public string? Open()
    {
        Dispose();
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendTimeoutMs };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            _socket = socket;
            return null;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return error.Message;
        }
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> lines, out string? problem)
    {
        int written = 0;
        problem = _socket is null ? Open() : null;
        while (written < lines.Length && problem is null)
        {
            int length = lines[written..].IndexOf((byte)'\n') + 1;
            problem = Send(lines.Slice(written, length));
            written += problem is null ? length : 0;
        }

        return written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    // A line has no line end but its own, so the simple form of the protocol will do.
    private string? Send(ReadOnlySpan<byte> line)
    {
        Head.CopyTo(_entry);
        line.CopyTo(_entry.AsSpan(Head.Length));
        try
        {
            _socket!.Send(_entry.AsSpan(0, Head.Length + line.Length));
            return null;
        }
        catch (SocketException error)
        {
            // The journal that was restarted has another socket under the same name.
            Dispose();
            return error.Message;
        }
    }
}
