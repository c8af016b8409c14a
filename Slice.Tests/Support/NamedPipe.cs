using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Slice.Tests.Support;

/// <summary>A FIFO, with a reader or without (fifo(7)). For one thread.</summary>
internal sealed partial class NamedPipe : IDisposable
{
    private readonly string _path;
    private readonly byte[] _buffer = new byte[1 << 16];
    private FileStream? _reader;

    public NamedPipe(string path)
    {
        _path = path;
        Make(path);
    }

    /// <summary>Makes one at a path where nothing stands; whoever opens it to read waits for somebody who writes.</summary>
    public static void Make(string path)
    {
        if (MkFifo(path, Convert.ToUInt32("600", 8)) != 0)
        {
            throw new Win32Exception();
        }
    }

    /// <summary>Opens the end that reads. Opened for both directions, so that nobody waits for a writer.</summary>
    public void OpenReader() => _reader = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>Closes the end that reads.</summary>
    public void CloseReader()
    {
        _reader?.Dispose();
        _reader = null;
    }

    /// <summary>Reads so many bytes, and waits for them.</summary>
    public async Task<string> ReadAsync(int count)
    {
        var text = new StringBuilder();
        while (text.Length < count)
        {
            int asked = Math.Min(_buffer.Length, count - text.Length);
            int read = await Deadline.WithinAsync(Task.Run(() => _reader!.Read(_buffer, 0, asked)), $"{count - text.Length} more bytes");
            text.Append(Encoding.ASCII.GetString(_buffer, 0, read));
        }

        return text.ToString();
    }

    public void Dispose() => CloseReader();

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);
}
