namespace Slice.Core.Objects;

/// <summary>
/// In which generation another one goes on, and the place as a reader there: whoever reads the first may read slices of both.
/// Thread-safe; a field, never copied.
/// </summary>
internal struct GenerationSuccessor
{
    private Generation? _next;
    private int _isReader;

    /// <summary>The generation; null when there is none.</summary>
    public Generation? Next => Volatile.Read(ref _next);

    /// <summary>Sets the generation, which nobody else knows yet, and becomes one of its readers. Called once.</summary>
    public void Set(Generation next)
    {
        _isReader = next.TryAddReader() ? 1 : 0;
        Volatile.Write(ref _next, next);
    }

    /// <summary>Ends reading; from the second call on nothing.</summary>
    public void Leave()
    {
        if (Interlocked.Exchange(ref _isReader, 0) == 1)
        {
            Next!.RemoveReader();
        }
    }
}
