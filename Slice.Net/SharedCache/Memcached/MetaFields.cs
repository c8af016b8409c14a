namespace Slice.Net.SharedCache.Memcached;

/// <summary>Which flags an answer carries. One letter each on the wire; an answer has those that the request has asked for.</summary>
[Flags]
internal enum MetaFields
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>k</c>: the key, so that the answer to something else is told from ours.</summary>
    Key = 1,

    /// <summary><c>t</c>: seconds until the value goes.</summary>
    Remaining = 2,

    /// <summary><c>f</c>: the number that the writer has put beside the value.</summary>
    ClientFlags = 4,

    /// <summary><c>c</c>: the number of this version of the value.</summary>
    Cas = 8,
}
