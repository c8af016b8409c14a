namespace Slice.Net.Exchange;

/// <summary>What became of a write to the client.</summary>
internal enum WriteResult
{
    /// <summary>All bytes are with the kernel.</summary>
    Written,

    /// <summary>The client closed or reset the connection, or was too slow; nothing more can be sent.</summary>
    ClientGone,

    /// <summary>
    /// The store's bytes cannot be read any more: the file was cut short or the device fails. The connection must be aborted.
    /// </summary>
    SliceUnreadable,

    /// <summary>The slice cannot be read from where it is to go on, and the client has got exactly what lies before.</summary>
    SliceGone,
}
