namespace Slice.Core.Observability;

/// <summary>
/// A counter of a <see cref="CounterSheet"/>: one cell per processor, added up when read. Thread-safe; an addition allocates nothing and
/// waits for nobody, unless every row is taken.
/// </summary>
public sealed class StripedCounter
{
    private readonly CounterSheet _sheet;

    internal StripedCounter(CounterSheet sheet, int cell) => (_sheet, Cell) = (sheet, cell);

    /// <summary>The sum; consistent with every addition that happened before the call.</summary>
    public long Value => _sheet.Sum(Cell);

    internal int Cell { get; }

    /// <summary>Adds; negative amounts make it a gauge.</summary>
    public void Add(long amount)
    {
        using var entry = _sheet.Open();
        entry.Add(this, amount);
    }
}
