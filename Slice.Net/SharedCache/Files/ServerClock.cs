using Microsoft.Win32.SafeHandles;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// The clock of the machine that keeps the files, so that instances whose own clocks are hours apart agree on how old a file is. Learned by
/// writing a byte to a file of one's own and asking when that was; between two lessons it goes on with the time since. Thread-safe.
/// </summary>
/// <param name="time">Where the time since comes from.</param>
/// <param name="name">The file, this instance's alone.</param>
internal sealed class ServerClock(TimeProvider time, string name)
{
    private const long NsPerSecond = 1_000_000_000;

    // A coarse clock of Linux stamps files: up to 10 ms behind with the longest of its ticks (CONFIG_HZ=100).
    private const long TickNs = 10_000_000;

    // What the two clocks drift apart meanwhile is nothing beside a tick, and a byte in ten seconds costs nothing.
    private static readonly TimeSpan s_lessonInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Lesson? _lesson;

    /// <summary>
    /// Nanoseconds since 1970. Never behind: ahead by what a lesson took, and by one step of the file system's clock, so that no value
    /// looks younger than it is.
    /// </summary>
    /// <exception cref="FileErrorException">The file can be neither written nor asked about.</exception>
    public long NowNs(SafeFileHandle root)
    {
        lock (_gate)
        {
            if (_lesson is null || !IsValid(_lesson))
            {
                _lesson = Learn(root);
            }

            return _lesson.ServerNs + ((long)time.GetElapsedTime(_lesson.At).TotalNanoseconds);
        }
    }

    // The monotonic clock stands still while a machine sleeps; the other one shows that.
    private bool IsValid(Lesson lesson) =>
        time.GetElapsedTime(lesson.At) < s_lessonInterval && (time.GetUtcNow() - lesson.WallClock).Duration() < s_lessonInterval;

    private Lesson Learn(SafeFileHandle root)
    {
        long before = time.GetTimestamp();
        var wallClock = time.GetUtcNow();
        int error = NativeFiles.Open(root, name, isForWriting: true, out var file);
        if (error == FileTrouble.NoEntry)
        {
            error = NativeFiles.CreateNew(root, name, out file);
        }

        if (file is null)
        {
            throw new FileErrorException("write", name, error);
        }

        error = NativeFiles.Write(file, "."u8, 0);
        if (error is FileTrouble.NoSpace or FileTrouble.Quota)
        {
            error = NativeFiles.MarkWritten(file);
        }

        int closing = NativeFiles.Close(file);
        error = error != 0 ? error : closing;
        if (error is not (0 or FileTrouble.NoSpace or FileTrouble.Quota))
        {
            throw new FileErrorException("write", name, error);
        }

        error = NativeFiles.Status(root, name, out var status);
        if (error != 0)
        {
            throw new FileErrorException("look at", name, error);
        }

        // Some file systems count whole seconds. Once in a hundred this is wrong, and takes a second from each lifetime for a while.
        long stepNs = status.WrittenAtNs % NsPerSecond == 0 ? NsPerSecond : TickNs;
        return new Lesson(status.WrittenAtNs + stepNs, before, wallClock);
    }

    private sealed record Lesson(long ServerNs, long At, DateTimeOffset WallClock);
}
