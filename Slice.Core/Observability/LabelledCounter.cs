using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Slice.Core.Observability;

/// <summary>
/// A counter per value of one label, for what is rare. Thread-safe. Label values come from closed lists in the code, never from a client.
/// </summary>
public sealed class LabelledCounter
{
    private readonly ConcurrentDictionary<string, StrongBox<long>> _counters = new(StringComparer.Ordinal);

    /// <summary>Counts one under a label value.</summary>
    public void Add(string labelValue) =>
        Interlocked.Increment(ref _counters.GetOrAdd(labelValue, static _ => new StrongBox<long>()).Value);

    /// <summary>Every label value seen so far with its count, in the order of the label values.</summary>
    public IEnumerable<KeyValuePair<string, long>> Read() =>
        _counters.Select(pair => KeyValuePair.Create(pair.Key, Volatile.Read(ref pair.Value.Value)))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
