namespace Slice.Core.SharedCache;

/// <summary>A value to be written, in its envelope.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Buffer">Where it begins: an array of the shared pool, which goes back when it is written.</param>
/// <param name="LengthBytes">How long it is.</param>
/// <param name="Lifetime">How long the store keeps it.</param>
internal readonly record struct TierValue(string Name, byte[] Buffer, int LengthBytes, TimeSpan Lifetime);
