namespace Slice.Net.SharedCache.Memcached;

/// <summary>What is asked of a server.</summary>
internal enum MetaVerb
{
    /// <summary><c>mg</c>: the value of a key.</summary>
    Get,

    /// <summary><c>ms</c>: a value, in place of any other.</summary>
    Set,

    /// <summary><c>ms</c> in the mode "add": a value for a key that has none.</summary>
    Add,

    /// <summary><c>ms</c> with a compare value: a value in place of one certain version.</summary>
    Replace,

    /// <summary><c>md</c>: no value any more.</summary>
    Remove,

    /// <summary><c>ma</c>: one more, and what it is then.</summary>
    Increment,

    /// <summary><c>stats</c>: the numbers of the server.</summary>
    Statistics,
}
