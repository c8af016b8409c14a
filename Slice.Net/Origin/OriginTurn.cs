namespace Slice.Net.Origin;

/// <summary>One request's turn at one address.</summary>
/// <param name="Index">Which address; -1 for none.</param>
/// <param name="Epoch">The state of the address the turn was given under.</param>
/// <param name="IsProbe">Whether it is the one request that tries an address after its rest.</param>
internal readonly record struct OriginTurn(int Index, int Epoch, bool IsProbe)
{
    /// <summary>No address is left.</summary>
    public static readonly OriginTurn None = new(-1, 0, false);
}

/// <summary>What a request says about the address it went to.</summary>
internal enum OriginVerdict
{
    /// <summary>Nothing: the client left or broke its own request, or what failed may be what a client can bring about.</summary>
    Unknown,

    /// <summary>A response head came, whatever its status.</summary>
    Answered,

    /// <summary>No connection, or no response head, whoever asks and for what.</summary>
    Failed,
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
