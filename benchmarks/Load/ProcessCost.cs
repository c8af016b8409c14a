using System.Globalization;

namespace Slice.Benchmarks.Load;

/// <summary>
/// CPU time and anonymous memory of processes and all their descendants, from /proc. The resolution of CPU time is the kernel's tick of 10
/// ms.
/// </summary>
internal sealed class ProcessCost : IDisposable
{
    // USER_HZ, 100 on every Linux architecture that .NET supports; proc(5) counts in it.
    private const double TicksPerSecond = 100;
    private const int SampleIntervalMs = 50;

    private readonly IReadOnlyList<int> _roots;
    private readonly double _cpuSecondsAtStart;
    private readonly ManualResetEventSlim _isOver = new();
    private readonly Thread _sampler;
    private long _peakAnonymousKib;

    /// <summary>Starts measuring.</summary>
    public ProcessCost(IReadOnlyList<int> roots)
    {
        _roots = roots;
        _cpuSecondsAtStart = CpuSeconds();
        _sampler = new Thread(Sample) { IsBackground = true };
        _sampler.Start();
    }

    /// <summary>Seconds of user and system time since the start, those of descendants that ended meanwhile included.</summary>
    public double CpuSecondsSoFar => CpuSeconds() - _cpuSecondsAtStart;

    /// <summary>The most anonymous memory at one time, summed over the processes, in MiB; sampled every 50 ms.</summary>
    public double PeakAnonymousMib => Volatile.Read(ref _peakAnonymousKib) / 1024.0;

    public void Dispose()
    {
        _isOver.Set();
        _sampler.Join();
        _isOver.Dispose();
    }

    private static List<string[]> Tree(IReadOnlyList<int> roots)
    {
        var stats = new List<string[]>();
        foreach (string directory in roots.Count == 0 ? [] : Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(Path.GetFileName(directory)[0]) && ReadOrNull(directory + "/stat") is { } stat)
            {
                // The name in parentheses may hold spaces; what follows the last one does not. Column 0 here is the state, 1 the parent.
                stats.Add([Path.GetFileName(directory), .. stat[(stat.LastIndexOf(')') + 2)..].Split(' ')]);
            }
        }

        var wanted = roots.Select(root => root.ToString(CultureInfo.InvariantCulture)).ToHashSet();
        while (stats.Any(stat => wanted.Contains(stat[2]) && wanted.Add(stat[0])))
        {
        }

        return [.. stats.Where(stat => wanted.Contains(stat[0]))];
    }

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // The process ended between the listing and the look.
            return null;
        }
    }

    private static long AnonymousKib(string processId)
    {
        string? line = ReadOrNull($"/proc/{processId}/status")?.Split('\n')
            .FirstOrDefault(candidate => candidate.StartsWith("RssAnon:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line["RssAnon:".Length..^" kB".Length], CultureInfo.InvariantCulture);
    }

    // utime, stime, cutime, cstime are fields 14 to 17 of proc(5), counted from 1; here the process id is 0 and the name is gone. The time
    // of a child that was waited for moves to its parent's c-fields, so the sum over the tree loses nothing.
    private double CpuSeconds() =>
        Tree(_roots).Sum(stat => stat[12..16].Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture))) / TicksPerSecond;

    private void Sample()
    {
        do
        {
            long anonymousKib = Tree(_roots).Sum(stat => AnonymousKib(stat[0]));
            _peakAnonymousKib = Math.Max(_peakAnonymousKib, anonymousKib);
        }
        while (!_isOver.Wait(SampleIntervalMs));
    }
}
