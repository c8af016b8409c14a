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
}
