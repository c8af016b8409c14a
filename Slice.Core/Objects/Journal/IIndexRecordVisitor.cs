using Slice.Core.Caching;

namespace Slice.Core.Objects.Journal;

/// <summary>Receives the records of an index in the order in which things happened. All are allowed at any time, also twice.</summary>
internal interface IIndexRecordVisitor
{
    /// <summary>Whether the record visited last said that the store was closed.</summary>
    bool IsClosed { get; set; }

    /// <summary>An object was published.</summary>
    void Object(IndexedObject indexed);

    /// <summary>Its stored response was replaced.</summary>
    void Freshened(uint id, StoredResponse response);

    /// <summary>It ended, and its slices with it.</summary>
    void ObjectGone(uint id);

    /// <summary>A slice was stored.</summary>
    void Slice(IndexedSlice indexed);

    /// <summary>A slice was evicted or dropped.</summary>
    void SliceGone(uint id, int sliceIndex);

    /// <summary>A purge of many objects came into force, for those visited before.</summary>
    void Purged(Purge purge);

    /// <summary>
    /// The purges up to a number are of no use any more: what they were for was visited as gone, or with a stale response.
    /// </summary>
    void Swept(long number);
}
