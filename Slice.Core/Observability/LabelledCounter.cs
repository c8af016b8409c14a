using System.Collections.Concurrent;

namespace Slice.Core.Observability;

/// <summary>A counter per value of one label. Thread-safe. Label values come from closed lists in the code, never from a client.</summary>
public sealed class LabelledCounter
{
    private readonly ConcurrentDictionary<string, StripedCounter> _counters = new(StringComparer.Ordinal);

    /// <summary>Counts one under a label value.</summary>
    public void Add(string labelValue) => _counters.GetOrAdd(labelValue, static _ => new StripedCounter()).Add(1);

    /// <summary>Every label value seen so far with its count, in the order of the label values.</summary>
    public IEnumerable<KeyValuePair<string, long>> Read() =>
        _counters.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
