namespace Slice.Net.AccessLog;

/// <summary>Where lines go. Used by one thread.</summary>
internal interface ILogTarget : IDisposable
{
    /// <summary>What the configuration calls the target.</summary>
    string Name { get; }

    /// <summary>Opens the target, again when it is open.</summary>
    /// <returns>Why it cannot be opened, or null. A later write tries again.</returns>
    string? Open();

    /// <summary>Writes lines, each with its end. Waits for a reader that is slow, but not long.</summary>
    /// <param name="lines">Whole lines, or what is left of them after a write that took less.</param>
    /// <param name="problem">
    /// Why not all were written; null when all were, and when the target has waited for room in vain and only needs to be asked again.
    /// </param>
    /// <returns>Bytes written.</returns>
    int Write(ReadOnlySpan<byte> lines, out string? problem);
}
