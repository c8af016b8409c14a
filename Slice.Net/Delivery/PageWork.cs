namespace Slice.Net.Delivery;

/// <summary>Something that a thread of <see cref="PageResidency"/> does, and that waits for the disk.</summary>
internal abstract class PageWork
{
    /// <summary>Does it; on a thread that may wait.</summary>
    public abstract void Run();

    /// <summary>
    /// Called instead of <see cref="Run"/> when nothing is done any more, and on the same thread after a <see cref="Run"/> that threw.
    /// </summary>
    public abstract void Abandon();
}
