using Slice.Core.Objects;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Which address of the origin is asked for one range of a version (B21). Addresses are asked in turn until one has another version: then
/// the one where the version was found is asked, and the others no more where they do not agree. One per range that is read; not
/// thread-safe.
/// </summary>
/// <remarks>
/// The file is rewritten at all addresses: the answer of the first that is asked says so, and so does that of the version's own address,
/// which ends the version. The addresses have tags of their own (inode numbers, build dates): the version's own address goes on giving it.
/// </remarks>
internal sealed class VersionOrigins(Generation generation)
{
    private readonly List<string> _others = [];
    private Failure _changed;

    /// <summary>The address to ask if it works; null for whichever has its turn.</summary>
    public string? Preferred => _others.Count > 0 || generation.StaysAtOrigin ? generation.Origin : null;

    /// <summary>Addresses that have another version and are not asked again.</summary>
    public IReadOnlyList<string> Others => _others;

    /// <summary>
    /// Whether a failure says only that one address has another version, so that another address is asked at once. At most once for each
    /// address.
    /// </summary>
    public bool MayAskElsewhere(Failure failure)
    {
        if (failure.Error != FetchError.ObjectChanged
            || failure.Origin is not { } origin || origin == generation.Origin || _others.Contains(origin))
        {
            return false;
        }

        _changed = _changed.IsError ? _changed : failure;
        _others.Add(origin);
        return true;
    }

    /// <summary>
    /// An address has given bytes of the version. True where others have not: the version stays at this address from now on.
    /// </summary>
    public bool Agreed(string? origin)
    {
        if (_others.Count == 0 || origin is null)
        {
            return false;
        }

        generation.StayAtOrigin(generation.Origin ?? origin);
        return true;
    }

    /// <summary>
    /// Why the range cannot be read: where no address that answers has the version, the version is of no use any more, whatever keeps its
    /// own address from answering.
    /// </summary>
    public Failure Explain(Failure failure) =>
        _changed.IsError && failure.Error.Side() == FetchErrorSide.Origin ? _changed : failure;
}
