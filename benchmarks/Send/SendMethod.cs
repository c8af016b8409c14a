namespace Slice.Benchmarks.Send;

/// <summary>How bytes of a file in the page cache get to a socket.</summary>
internal enum SendMethod
{
    /// <summary><c>send</c> from a mapping: the kernel copies.</summary>
    Mapping,

    /// <summary><c>sendfile</c>: the kernel sends the pages of the file.</summary>
    SendFile,

    /// <summary>
    /// <c>send</c> from a mapping with <c>MSG_ZEROCOPY</c>: the kernel pins the pages and tells when it no longer needs them.
    /// </summary>
    ZeroCopy,
}
