namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// An answer that nobody asked for: an error of the server's, or bytes that are no answer. The connection is of no more use.
/// </summary>
/// <param name="message">What is wrong, in words that follow the name of the server.</param>
internal sealed class MetaException(string message) : Exception(message);
