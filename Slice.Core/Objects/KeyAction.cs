namespace Slice.Core.Objects;

/// <summary>Does something with the bytes of a key, which are valid during the call only.</summary>
/// <param name="key">The key.</param>
public delegate void KeyAction(ReadOnlySpan<byte> key);
