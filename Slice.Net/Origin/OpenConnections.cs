namespace Slice.Net.Origin;

/// <summary>How many connections of a pool are open. Thread-safe.</summary>
internal sealed class OpenConnections
{
    private int _count;

    /// <summary>Those that are open, idle ones too.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Counts a connection from now on. Whoever gets the lease disposes it with the connection.</summary>
    public Lease Add()
    {
        Interlocked.Increment(ref _count);
        return new Lease(this);
    }

    /// <summary>One connection that counts. Disposing ends that, once. Thread-safe.</summary>
    public sealed class Lease : IDisposable
    {
        private OpenConnections? _owner;

        internal Lease(OpenConnections owner) => _owner = owner;

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _owner, null) is { } owner)
            {
                Interlocked.Decrement(ref owner._count);
            }
        }
    }
}
