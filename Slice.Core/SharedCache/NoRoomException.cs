namespace Slice.Core.SharedCache;

/// <summary>
/// A shared store has not kept a value since it has no room for it now; what was under the key before is gone. It works otherwise, and may
/// have room in a moment.
/// </summary>
/// <param name="message">Why, in words for an operator.</param>
public sealed class NoRoomException(string message) : KeyValueStoreException(message);
