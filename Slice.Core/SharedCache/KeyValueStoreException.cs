namespace Slice.Core.SharedCache;

/// <summary>A shared store did not carry out an operation: it cannot be reached, refuses it, or answers nonsense.</summary>
/// <param name="message">Why, in words for an operator.</param>
/// <param name="inner">What it was caused by.</param>
public class KeyValueStoreException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether a server could not be reached, or was not asked as it is known to be away: it has refused nothing.</summary>
    public bool IsAway { get; init; }
}
