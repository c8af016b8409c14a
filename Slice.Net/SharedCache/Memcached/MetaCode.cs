namespace Slice.Net.SharedCache.Memcached;

/// <summary>How an answer of the meta protocol begins (doc/protocol.txt of memcached, "Meta Commands").</summary>
internal enum MetaCode
{
    /// <summary><c>VA</c>: a value follows.</summary>
    Value,

    /// <summary><c>HD</c>: done, and nothing follows.</summary>
    Done,

    /// <summary><c>EN</c>: a read found nothing.</summary>
    Miss,

    /// <summary><c>NF</c>: a change found nothing.</summary>
    NotFound,

    /// <summary><c>NS</c>: not stored, for the key has a value already.</summary>
    NotStored,

    /// <summary><c>EX</c>: the value is another one than the change was for.</summary>
    Exists,
}
