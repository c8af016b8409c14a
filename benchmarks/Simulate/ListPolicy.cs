namespace Slice.Benchmarks.Simulate;

/// <summary>
/// Least recently used (or, when hits do not count, first in, first out): a list in order of use, and where each slice stands in it.
/// </summary>
internal sealed class ListPolicy(int capacity, bool countsHits) : ICachePolicy
{
    private readonly Dictionary<int, LinkedListNode<int>> _places = new(capacity);
    private readonly LinkedList<int> _order = new();

    /// <inheritdoc/>
    public bool Request(int slice)
    {
        if (_places.TryGetValue(slice, out var place))
        {
            if (countsHits)
            {
                _order.Remove(place);
                _order.AddLast(place);
            }

            return true;
        }

        if (_order.Count == capacity)
        {
            _places.Remove(_order.First!.Value);
            _order.RemoveFirst();
        }

        _places.Add(slice, _order.AddLast(slice));
        return false;
    }
}
