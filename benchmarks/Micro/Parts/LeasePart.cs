namespace Slice.Benchmarks.Micro.Parts;

/// <summary>
/// A stored slice found in its object, leased and given back. A lease is the touch of S3-FIFO: the use is counted in the slice until there
/// are three of them, and nothing is written from then on.
/// </summary>
/// <param name="isTouched">Whether each use is one that is counted.</param>
internal sealed class LeasePart(bool isTouched) : IHotPathPart, IDisposable
{
    private readonly WarmInstance _instance = new();

    /// <inheritdoc/>
    public void Run()
    {
        if (isTouched)
        {
            _instance.Slice.Uses = 0;
        }

        if (!_instance.Generation.TryLease(0, out var slice))
        {
            throw new InvalidOperationException("The slice is not there.");
        }

        slice.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => _instance.Dispose();
}
