using Slice.Host.Text;

namespace Slice.Host.Demo;

/// <summary>One line about a running download, written over until it is done and then wiped out. Silent where no person watches.</summary>
internal sealed class DemoProgress : IAsyncDisposable
{
    // Often enough to look alive. Arbitrary.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly DemoConsole _console;
    private readonly string _name;
    private readonly long _totalBytes;
    // Real time, no injected clock: a person looks on.
    private readonly PeriodicTimer _timer = new(s_interval);
    private readonly Task _writing;
    private long _bytes;
    private int _widestLine;

    /// <summary>Begins to show a download.</summary>
    /// <param name="console">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="totalBytes">Bytes of it.</param>
    public DemoProgress(DemoConsole console, string name, long totalBytes)
    {
        _console = console;
        _name = name;
        _totalBytes = totalBytes;
        _writing = console.IsTerminal ? WriteAsync() : Task.CompletedTask;
    }

    /// <summary>Bytes so far.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Counts bytes; from any thread.</summary>
    public void Add(int bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Wipes the line out; nothing is written after this.</summary>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _writing;
        if (_widestLine > 0)
        {
            _console.Output.Write($"\r{new string(' ', _widestLine)}\r");
            _console.Output.Flush();
        }
    }

    private async Task WriteAsync()
    {
        do
        {
            string line = $"{_name}: {ReadableSize.Format(Bytes)} of {ReadableSize.Format(_totalBytes)}";
            _widestLine = Math.Max(_widestLine, line.Length);
            _console.Output.Write($"\r{line.PadRight(_widestLine)}");
            _console.Output.Flush();
        }
        while (await _timer.WaitForNextTickAsync());
    }
}
