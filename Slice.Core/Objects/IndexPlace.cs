using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>What <see cref="IndexMemory"/> knows of an object: where it stands, what it weighs and how often it was used.</summary>
/// <param name="generation">The object.</param>
internal struct IndexPlace(Generation generation)
{
    /// <summary>Its place in the queue; under the lock of the queue.</summary>
    public LinkedListNode<Generation> Node { get; } = new(generation);

    /// <summary>Bytes of memory that were counted for it; under the lock of the queue.</summary>
    public long Bytes { get; set; }

    /// <summary>Bytes of the journal that were counted for it; under the lock of the queue.</summary>
    public long JournalBytes { get; set; }

    /// <summary>
    /// How often it was looked up since the queue last looked, 0 to <see cref="S3FifoEviction.MaxUses"/>. Races only cost a wrong guess.
    /// </summary>
    public int Uses { get; set; }

    /// <summary>Counts a look-up.</summary>
    public void CountUse()
    {
        // Written only while it changes: see StoredSlice.TryLease.
        int uses = Uses;
        if (uses < S3FifoEviction.MaxUses)
        {
            Uses = uses + 1;
        }
    }
}
