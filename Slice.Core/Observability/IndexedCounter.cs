namespace Slice.Core.Observability;

/// <summary>
/// A counter per value of one label, of a list that is closed from the start, for hot paths: an addition looks nothing up. Thread-safe.
/// </summary>
public sealed class IndexedCounter
{
    private readonly CounterSheet _sheet;
    private readonly string[] _labelValues;
    private readonly int _firstCell;

    /// <summary>Counters at zero, in cells of <paramref name="sheet"/>.</summary>
    /// <param name="sheet">Where they are counted.</param>
    /// <param name="labelValues">The values; the place of each is the index that counts for it.</param>
    public IndexedCounter(CounterSheet sheet, params string[] labelValues) =>
        (_sheet, _labelValues, _firstCell) = (sheet, labelValues, sheet.TakeCells(labelValues.Length));

    /// <summary>The sum over every label value.</summary>
    public long Total => Read().Sum(static pair => pair.Value);

    /// <summary>Counts one under the label value with this index.</summary>
    public void Add(int index)
    {
        using var entry = _sheet.Open();
        entry.Add(this, index);
    }

    /// <summary>Every label value with its count, in the order given.</summary>
    public IEnumerable<KeyValuePair<string, long>> Read()
    {
        for (int index = 0; index < _labelValues.Length; index++)
        {
            yield return KeyValuePair.Create(_labelValues[index], _sheet.Sum(CellOf(index)));
        }
    }

    internal int CellOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_labelValues.Length, nameof(index));
        return _firstCell + index;
    }
}
