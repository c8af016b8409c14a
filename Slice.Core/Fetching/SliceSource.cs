using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Where one slice comes from: the store, or a fetch in flight. Exactly one is set; the owner calls <see cref="Release"/> once.
/// </summary>
/// <param name="Stored">A leased slice, or null.</param>
/// <param name="Fetch">A fetch that is followed, or null.</param>
/// <param name="IsOwn">Whether the fetch goes out with what this client's request looks like; else another's brings the bytes.</param>
public readonly record struct SliceSource(StoredSlice? Stored, SliceFetch? Fetch, bool IsOwn = false)
{
    /// <summary>Gives back the lease or stops following the fetch.</summary>
    public void Release()
    {
        Stored?.Release();
        Fetch?.StopFollowing();
    }
}
