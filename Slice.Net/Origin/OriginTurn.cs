namespace Slice.Net.Origin;

/// <summary>One request's turn at one address.</summary>
/// <param name="Index">Which address; -1 for none.</param>
/// <param name="Epoch">The state of the address the turn was given under.</param>
/// <param name="IsProbe">Whether it is the one request that tries an address after its rest.</param>
/// <param name="Since">When it began, as a timestamp of the clock.</param>
internal readonly record struct OriginTurn(int Index, int Epoch, bool IsProbe, long Since)
{
    /// <summary>No address is left.</summary>
    public static readonly OriginTurn None = new(-1, 0, false, 0);
}

/// <summary>What a request says about the address it went to.</summary>
internal enum OriginVerdict
{
    /// <summary>Nothing: the client left or broke its own request, or what failed may be what a client can bring about.</summary>
    Unknown,

    /// <summary>A response head came, whatever its status.</summary>
    Answered,

    /// <summary>No connection, whoever asks and for what.</summary>
    Failed,

    /// <summary>
    /// No response head in time, or a connection that ended without one. A failure unless the address has answered somebody meanwhile: then
    /// what was asked for takes long, or is not liked, and that is a client's choice.
    /// </summary>
    Silent,
}

/// <summary>A change of an address that is worth a line in the log.</summary>
internal enum OriginHealthChange
{
    /// <summary>None.</summary>
    None,

    /// <summary>It begins to rest.</summary>
    Rests,

    /// <summary>It has answered after a rest.</summary>
    IsBack,
}
