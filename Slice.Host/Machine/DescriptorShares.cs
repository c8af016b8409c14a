namespace Slice.Host.Machine;

/// <summary>
/// How the file descriptors of the process are shared out: clients and their connections to the origin, segments of the cache, and a
/// reserve. Pure.
/// </summary>
internal static class DescriptorShares
{
    // What is open without a client: listening sockets, epoll, the files of the index, standard streams, idle origin connections of ours.
    // Measured: 22 after a start with a cache on disk.
    private const int Own = 32;

    // What no client connection may take: for the metrics port, connections to the origin and new segments. Arbitrary.
    private const int Spare = 32;

    /// <summary>Descriptors that are neither for clients nor for segments; a quarter of a small limit.</summary>
    /// <param name="limit">RLIMIT_NOFILE.</param>
    public static int Reserve(int limit) => Math.Min(Own + Spare, limit / 4);

    /// <summary>
    /// The first descriptor that no client connection may have. The kernel gives the lowest free one, so a client that is given this one or
    /// a higher one shows that all below are taken.
    /// </summary>
    /// <param name="limit">RLIMIT_NOFILE.</param>
    public static int FirstSpare(int limit) => limit - Math.Min(Spare, limit / 8);
}
