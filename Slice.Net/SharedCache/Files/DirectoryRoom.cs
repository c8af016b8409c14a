namespace Slice.Net.SharedCache.Files;

/// <summary>How large a shared directory may become on the file system that it is on.</summary>
internal static class DirectoryRoom
{
    // What is left of it: for names and counters, which the janitor does not add up, and for files of others that grow until it comes
    // again. Arbitrary.
    private const int LeftPart = 10;

    /// <summary>
    /// The configured size, or nine tenths of what the file system has for the directory where that is less. Files of others on it make
    /// it smaller: a cache gives way.
    /// </summary>
    /// <param name="configuredBytes">The configured size.</param>
    /// <param name="roomBytes">What the directory takes and what is available to it; null when nobody can tell.</param>
    public static long SizeFor(long configuredBytes, long? roomBytes) =>
        roomBytes is { } room ? Math.Min(configuredBytes, room / LeftPart * (LeftPart - 1)) : configuredBytes;
}
