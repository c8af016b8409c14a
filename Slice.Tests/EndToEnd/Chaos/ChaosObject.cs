using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// An object of the origin and the log of its versions: which one was current when. Every version is a file of its own, so that an answer
/// never has the tag of one and the bytes of another. Thread-safe; times are those of <see cref="System.Diagnostics.Stopwatch"/>.
/// </summary>
/// <param name="path">Its path.</param>
/// <param name="make">Makes the version of this number; the first is 0.</param>
internal sealed class ChaosObject(string path, Func<int, RangeFile> make)
{
    private readonly Lock _lock = new();
    private readonly List<(RangeFile File, long Since)> _versions = [(make(0), 0)];
    private TaskCompletionSource _nextChange = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _acknowledged;

    /// <summary>Its path.</summary>
    public string Path { get; } = path;

    /// <summary>What the origin has now.</summary>
    public RangeFile Current
    {
        get
        {
            lock (_lock)
            {
                return _versions[^1].File;
            }
        }
    }

    /// <summary>Is completed when it changes the next time.</summary>
    public Task NextChange
    {
        get
        {
            lock (_lock)
            {
                return _nextChange.Task;
            }
        }
    }

    /// <summary>A version that somebody who asks now must not get any more is below this one.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>
    /// Replaces it by its next version, whose number is returned; null sooner than <paramref name="spacing"/> after the last change.
    /// </summary>
    public int? Change(long now, long spacing = 0)
    {
        lock (_lock)
        {
            if (now - _versions[^1].Since < spacing)
            {
                return null;
            }

            _versions.Add((make(_versions.Count), now));
            _nextChange.SetResult();
            _nextChange = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _versions.Count - 1;
        }
    }

    /// <summary>Somebody was told through the proxy that there is this version now: nobody who asks later gets an older one.</summary>
    public void Acknowledge(int version)
    {
        lock (_lock)
        {
            _acknowledged = Math.Max(_acknowledged, version);
        }
    }

    /// <summary>The versions that were current at some moment between the two, from number <paramref name="least"/> on.</summary>
    public IReadOnlyList<RangeFile> Between(long from, long to, int least = 0)
    {
        lock (_lock)
        {
            return [.. Enumerable.Range(0, _versions.Count)
                .Where(number => number >= least && _versions[number].Since <= to
                    && (number + 1 == _versions.Count || _versions[number + 1].Since >= from))
                .Select(number => _versions[number].File)];
        }
    }

    /// <summary>How often it changed between the two.</summary>
    public int ChangesBetween(long from, long to)
    {
        lock (_lock)
        {
            return _versions.Count(version => version.Since > 0 && version.Since >= from && version.Since <= to);
        }
    }

    /// <summary>A version that once was: of the last few.</summary>
    public RangeFile Earlier(int back)
    {
        lock (_lock)
        {
            return _versions[Math.Max(0, _versions.Count - 1 - back)].File;
        }
    }
}
