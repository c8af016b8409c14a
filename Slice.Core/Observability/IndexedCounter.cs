namespace Slice.Core.Observability;

/// <summary>
/// A counter per value of one label, of a list that is closed from the start, for hot paths: an addition is one of a
/// <see cref="StripedCounter"/>, without a look-up. Thread-safe.
/// </summary>
/// <param name="labelValues">The values; the place of each is the index that counts for it.</param>
public sealed class IndexedCounter(params string[] labelValues)
{
    private readonly StripedCounter[] _counters = Array.ConvertAll(labelValues, static _ => new StripedCounter());

    /// <summary>Counts one under the label value with this index.</summary>
    public void Add(int index) => _counters[index].Add(1);

    /// <summary>Every label value with its count, in the order given.</summary>
    public IEnumerable<KeyValuePair<string, long>> Read()
    {
        for (int index = 0; index < labelValues.Length; index++)
        {
            yield return KeyValuePair.Create(labelValues[index], _counters[index].Value);
        }
    }
}
