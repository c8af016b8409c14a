namespace Slice.Core.Options;

/// <summary>Which part of the query belongs to the cache key (B35). What goes to the origin is always what the client sent.</summary>
public enum QueryKey
{
    /// <summary>All of it, as it stands.</summary>
    All,

    /// <summary>All arguments, whatever their order.</summary>
    Sorted,

    /// <summary>None of it: targets that differ in the query only are one object.</summary>
    None,
}
