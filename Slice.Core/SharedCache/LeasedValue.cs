namespace Slice.Core.SharedCache;

/// <summary>A value that was read from an <see cref="IKeyValueStore"/>, in memory that goes back to its owner. Not thread-safe.</summary>
/// <param name="bytes">The value.</param>
/// <param name="remaining">How long the store is going to keep it from now on, by the store's own clock.</param>
/// <param name="owner">Whose memory the bytes are in; null when nobody wants it back.</param>
public sealed class LeasedValue(ReadOnlyMemory<byte> bytes, TimeSpan remaining, IDisposable? owner) : IDisposable
{
    private IDisposable? _owner = owner;

    /// <summary>The value; of no meaning once this is disposed.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; } = bytes;

    /// <summary>
    /// How long the store is going to keep it from now on. Who knows the lifetime that it was given knows how old it is, whatever the
    /// clocks of the instances say. May be a second too short where the store counts seconds, and never too long.
    /// </summary>
    public TimeSpan Remaining { get; } = remaining;

    /// <summary>Gives the memory back; nothing the second time.</summary>
    public void Dispose()
    {
        Bytes = default;
        _owner?.Dispose();
        _owner = null;
    }
}
