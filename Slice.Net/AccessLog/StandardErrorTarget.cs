using Microsoft.Win32.SafeHandles;
using Slice.Core.Options;

namespace Slice.Net.AccessLog;

/// <summary>Standard error, which the log itself writes to as well: in pieces that do not mix with its lines.</summary>
/// <param name="file">In place of standard error.</param>
internal sealed class StandardErrorTarget(SafeFileHandle? file = null) : ILogTarget
{
    private readonly SafeFileHandle _file = file ?? new SafeFileHandle(2, ownsHandle: false);

    /// <inheritdoc/>
    public string Name => AccessLogOptions.StandardError;

    /// <inheritdoc/>
    public string? Open() => null;

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> lines, out string? problem) => NativeFile.Write(_file, lines, isRegular: false, out problem);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
