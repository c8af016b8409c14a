using Waiter = System.Threading.Tasks.TaskCompletionSource<Slice.Core.Origin.OriginPermit>;

namespace Slice.Core.Origin;

/// <summary>
/// A line of those who wait at an <see cref="OriginGate"/>, and what they hold: one for everybody, in it one for each client, in that
/// one for each target. A permit goes down the tree to the line that holds the fewest; among equals the turn goes round. What a client
/// waits for goes before what is read ahead: of the same target, of all targets of a client, and of clients that hold as many. Used under
/// the gate's lock.
/// </summary>
/// <remarks>
/// Not of clients that hold fewer: a client with many connections waits for something at all times, and another one's only download would
/// be fetched slice by slice. Every operation costs the logarithm of the lines. A line that holds nothing and in which nobody waits is
/// forgotten.
/// </remarks>
internal sealed class GateLine
{
    private static readonly IComparer<GateLine> s_byTurn =
        Comparer<GateLine>.Create(static (a, b) => a.IsOfTarget && a._isAhead != b._isAhead ? a._isAhead.CompareTo(b._isAhead)
            : a.Held != b.Held ? a.Held.CompareTo(b.Held)
            : a._isAhead != b._isAhead ? a._isAhead.CompareTo(b._isAhead)
            : a._turn.CompareTo(b._turn));

    private readonly GateLine? _parent;
    private readonly string _name;
    private readonly LinkedList<Waiter> _waiters = new();
    private readonly LinkedList<Waiter> _waitersAhead = new();
    private readonly SortedSet<GateLine> _waitingLines = new(s_byTurn);
    private readonly Dictionary<string, GateLine> _lines = new(StringComparer.Ordinal);

    // When the line came to wait, or had its last turn; no two lines of a parent have the same while they wait.
    private long _turn;
    private long _lastTurn;

    // Whether all who wait here read ahead. Changed with the line out of its parent's, as it stands there by it.
    private bool _isAhead;

    /// <summary>The line of everybody.</summary>
    public GateLine()
        : this(null, "")
    {
    }

    private GateLine(GateLine? parent, string name) => (_parent, _name) = (parent, name);

    /// <summary>Permits that are out, also those of slow requests.</summary>
    public int Held { get; private set; }

    /// <summary>Those of slow requests among them, of the line of a client; counted by the gate.</summary>
    public int Slow { get; set; }

    /// <summary>The client's or the target's name.</summary>
    public string Name => _name;

    /// <summary>The line of all targets of the same client. For the line of a target only.</summary>
    public GateLine Client => _parent!;

    /// <summary>Whether somebody waits.</summary>
    public bool IsWaiting => _waiters.Count + _waitersAhead.Count + _waitingLines.Count > 0;

    private bool IsOfTarget => _parent?._parent is not null;

    private GateLine Everybody => _parent?.Everybody ?? this;

    /// <summary>The line of a target of a client. For the line of everybody only.</summary>
    public GateLine Of(GateTicket ticket) => Child(ticket.Client).Child(ticket.Target);

    /// <summary>The line of a target whose turn it is; null when nobody waits. For the line of everybody only.</summary>
    public GateLine? Next() => _waitingLines.Min?._waitingLines.Min;

    /// <summary>Joins the end of the line of a target, behind all who do not read ahead or before all who do.</summary>
    public LinkedListNode<Waiter> Join(Waiter waiter, bool isAhead)
    {
        bool isFirst = !IsWaiting;
        var place = (isAhead ? _waitersAhead : _waiters).AddLast(waiter);
        Update(0, isTurn: isFirst);
        return place;
    }

    /// <summary>Somebody waits from now on for a request that reads ahead; nothing when its permit is there already.</summary>
    public void Hurry(LinkedListNode<Waiter> place)
    {
        if (place.List == _waitersAhead)
        {
            _waitersAhead.Remove(place);
            _waiters.AddLast(place);
            Update(0, isTurn: false);
        }
    }

    /// <summary>Leaves the line of a target without a permit; false when the permit is there already.</summary>
    public bool TryQuit(LinkedListNode<Waiter> place)
    {
        if (place.List is null)
        {
            return false;
        }

        place.List.Remove(place);
        Update(0, isTurn: false);
        return true;
    }

    /// <summary>Takes who is first in the line of a target out, with a permit.</summary>
    public Waiter Serve()
    {
        var waiters = _waiters.Count > 0 ? _waiters : _waitersAhead;
        var first = waiters.First!.Value;
        waiters.RemoveFirst();
        Take();
        return first;
    }

    /// <summary>A permit goes out to the line of a target.</summary>
    public void Take() => Update(1, isTurn: true);

    /// <summary>A permit of the line of a target comes back.</summary>
    public void Return() => Update(-1, isTurn: false);

    private GateLine Child(string name)
    {
        if (!_lines.TryGetValue(name, out var line))
        {
            _lines.Add(name, line = new GateLine(this, name));
        }

        return line;
    }

    // From the target up: whether a line waits depends on those below it.
    private void Update(int taken, bool isTurn)
    {
        if (_parent is null)
        {
            Held += taken;
            return;
        }

        _parent._waitingLines.Remove(this);
        Held += taken;
        _isAhead = _waiters.Count == 0 && _waitingLines.Min is not { _isAhead: false };
        _turn = isTurn || _turn == 0 ? ++Everybody._lastTurn : _turn;
        if (IsWaiting)
        {
            _parent._waitingLines.Add(this);
        }
        else if (Held == 0)
        {
            _parent._lines.Remove(_name);
        }

        _parent.Update(taken, taken > 0 || (isTurn && !_parent.IsListed));
    }

    private bool IsListed => _parent?._waitingLines.Contains(this) ?? true;
}
