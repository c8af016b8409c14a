using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>Where one slice comes from: the store, or a fetch in flight. Exactly one is set; the owner calls <see cref="Release"/> once.</summary>
/// <param name="Stored">A leased slice, or null.</param>
/// <param name="Fetch">A joined fetch, or null.</param>
public readonly record struct SliceSource(StoredSlice? Stored, SliceFetch? Fetch)
{
    /// <summary>Gives back the lease or leaves the fetch.</summary>
    public void Release()
    {
        Stored?.Release();
        Fetch?.Leave();
    }
}
