using Microsoft.Win32.SafeHandles;

namespace Slice.Net.AccessLog;

/// <summary>
/// A file, which is only ever appended to, or a pipe. A file that was deleted is made anew with the next lines. A pipe that nobody reads
/// is a problem; one that is full and has a reader is not.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="lineLost">Called for a line of which the beginning stands in a file that is no longer written to.</param>
internal sealed class FileTarget(string path, Action lineLost) : ILogTarget
{
    private SafeFileHandle? _file;
    private bool _isRegular;

    // After a full disk has taken a part of a line.
    private bool _hasBegunLine;
    private bool _mustSkip;

    /// <inheritdoc/>
    public string Name => path;

    /// <inheritdoc/>
    public string? Open()
    {
        Dispose();
        (_mustSkip, _hasBegunLine) = (_mustSkip || _hasBegunLine, false);
        string? problem = NativeFile.OpenToAppend(path, out _file);
        _isRegular = _file is not null && NativeFile.IsRegular(_file);
        return problem;
    }

    /// <inheritdoc/>
    public int Write(ReadOnlySpan<byte> lines, out string? problem)
    {
        problem = _file is null || NativeFile.IsDeleted(_file) ? Open() : null;
        if (problem is not null)
        {
            return 0;
        }

        int skipped = SkipBegunLine(lines);
        int written = NativeFile.Write(_file!, lines[skipped..], _isRegular, out problem);
        _hasBegunLine = written > 0 ? lines[skipped + written - 1] != '\n' : _hasBegunLine;
        return skipped + written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private int SkipBegunLine(ReadOnlySpan<byte> lines)
    {
        if (!_mustSkip)
        {
            return 0;
        }

        _mustSkip = false;
        lineLost();
        return lines.IndexOf((byte)'\n') + 1;
    }
}
