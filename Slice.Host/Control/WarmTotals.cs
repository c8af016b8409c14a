using System.Globalization;
using Slice.Host.Text;

namespace Slice.Host.Control;

/// <summary>What <c>warm</c> has got so far. Thread-safe.</summary>
internal sealed class WarmTotals(TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();
    private long _bytes;
    private int _stored;
    private int _wereThere;
    private int _notKept;
    private int _failed;

    /// <summary>Objects that could not be had.</summary>
    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Adds bytes that have come.</summary>
    public void AddBytes(int bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Counts an object that could not be had.</summary>
    public void CountFailed() => Interlocked.Increment(ref _failed);

    /// <summary>Counts an object that has come, by what the cache said of it.</summary>
    /// <param name="wasThere">Whether all of it was stored before.</param>
    /// <param name="isKept">Whether it is stored now.</param>
    public void Count(bool wasThere, bool isKept) =>
        Interlocked.Increment(ref wasThere ? ref _wereThere : ref isKept ? ref _stored : ref _notKept);

    /// <summary>All of it in a line.</summary>
    public string Describe()
    {
        long bytes = Volatile.Read(ref _bytes);
        double seconds = Math.Max(0.001, time.GetElapsedTime(_startedAt).TotalSeconds);
        int objects = _stored + _wereThere + _notKept;
        string there = Part(_wereThere, "already there");
        string notKept = Part(_notKept, "not kept");
        string failed = Part(Failed, "failed");
        string size = ReadableSize.Format(bytes);
        string rate = ReadableSize.Format((long)(bytes / seconds));
        string noun = objects == 1 ? "object" : "objects";
        return string.Create(CultureInfo.InvariantCulture, $"{objects} {noun}, {size}, {rate}/s{there}{notKept}{failed}");
    }

    private static string Part(int count, string what) =>
        count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {count} {what}");
}
