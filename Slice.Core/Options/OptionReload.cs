namespace Slice.Core.Options;

/// <summary>What a reload (SIGHUP) does with a changed key. A key is live when no socket, file or store stands behind it.</summary>
public enum OptionReload
{
    /// <summary>Applies to every request that begins after the reload.</summary>
    Live,

    /// <summary>Waits for the next start.</summary>
    Restart,
}
