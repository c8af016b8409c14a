using Microsoft.Win32.SafeHandles;
using Slice.Core.Options;

namespace Slice.Net.AccessLog;

/// <summary>Standard error, which the log itself writes to as well: in pieces that do not mix with its lines.</summary>
internal sealed class StandardErrorTarget : ILogTarget
{
    // PIPE_BUF of Linux: a write of no more is one piece in a pipe (pipe(7)).
    private const int PieceBytes = 4096;

    private readonly SafeFileHandle _file = new(2, ownsHandle: false);

    /// <inheritdoc/>
    public string Name => AccessLogOptions.StandardError;

    /// <inheritdoc/>
    public string? Open() => null;

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> lines, out string? problem)
    {
        int written = 0;
        problem = null;
        while (written < lines.Length && problem is null)
        {
            var rest = lines[written..];
            int piece = rest.Length;
            if (piece > PieceBytes)
            {
                int lastEnd = rest[..PieceBytes].LastIndexOf((byte)'\n');
                piece = lastEnd >= 0 ? lastEnd + 1 : rest.IndexOf((byte)'\n') + 1;
            }

            written += NativeFile.Write(_file, rest[..piece], out problem);
        }

        return written;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
