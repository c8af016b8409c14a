using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;

namespace Slice.Core.Objects;

/// <summary>
/// The live generations of one key: one, or one for each set of selecting values (RFC 9111 §4.1), newest first. Immutable.
/// </summary>
internal sealed class StoredVariants
{
    /// <summary>
    /// Most variants of one key; for a new one goes the one that was used the least, the oldest of equals. A client that invents values of
    /// a selecting field must not be able to fill the store with copies of one object, nor to push out the copies that are used. Arbitrary.
    /// </summary>
    public const int MaxVariants = 32;

    /// <summary>
    /// Most sets of names that the variants of one key have; an origin that changes its Vary has one before and one after. Selecting reads
    /// the request once for each.
    /// </summary>
    public const int MaxVaries = 2;

    private readonly Generation[] _newestFirst;

    private StoredVariants(Generation[] newestFirst) => _newestFirst = newestFirst;

    /// <summary>One variant.</summary>
    public StoredVariants(Generation generation)
        : this([generation])
    {
    }

    /// <summary>All of them.</summary>
    public ReadOnlySpan<Generation> All => _newestFirst;

    /// <summary>Names of the fields that select the newest variant that any field selects; null when there is none.</summary>
    public string? SelectingNames => Array.Find(_newestFirst, static generation => generation.Selecting is not null) is { } newest
        ? string.Join(", ", newest.Selecting!.Fields.Select(static selecting => Encoding.Latin1.GetString(selecting.Name)))
        : null;

    /// <summary>The newest variant that the request selects, and what it took: see <see cref="SelectingValue.TryRead"/>.</summary>
    /// <remarks>
    /// Each selecting field of the request is read once for all variants that have the same names, and compared with the value of each. So
    /// the cost grows with the request and not with the variants, which one client can make as many and as odd as we allow.
    /// </remarks>
    public bool TrySelect(FieldTable request, [NotNullWhen(true)] out Generation? selected, out int steps)
    {
        steps = 0;
        uint matching = AllBits(_newestFirst.Length);
        uint unseen = matching;
        while (unseen != 0)
        {
            int first = BitOperations.TrailingZeroCount(unseen);
            uint alike = AlikeFrom(first) & unseen;
            unseen &= ~alike;
            if (_newestFirst[first].Selecting is { } selecting)
            {
                matching &= ~alike | MatchingAmong(alike, selecting, request, ref steps);
            }
        }

        selected = matching == 0 ? null : _newestFirst[BitOperations.TrailingZeroCount(matching)];
        return selected is not null;
    }

    /// <summary>
    /// With one more in front; what it stands in for, and what there are too many of, goes to <paramref name="replaced"/>.
    /// </summary>
    public StoredVariants With(Generation added, List<Generation> replaced)
    {
        var kept = new List<Generation> { added };
        var varies = new List<SelectingFields?> { added.Selecting };
        foreach (var generation in _newestFirst)
        {
            bool isReplaced = added.Selecting is null || generation.Selecting is null || added.Selecting.Equals(generation.Selecting);
            if (generation == added)
            {
                continue;
            }

            bool isOfAnotherVary = !isReplaced && !varies.Exists(known => known?.HasSameNames(generation.Selecting!) == true);
            if (isReplaced || (isOfAnotherVary && varies.Count == MaxVaries))
            {
                replaced.Add(generation);
                continue;
            }

            kept.Add(generation);
            if (isOfAnotherVary)
            {
                varies.Add(generation.Selecting);
            }
        }

        if (kept.Count > MaxVariants)
        {
            var leastUsed = LeastUsedAfterFirst(kept);
            kept.Remove(leastUsed);
            replaced.Add(leastUsed);
        }

        return new StoredVariants([.. kept]);
    }

    /// <summary>Whether one is usable, and an answer about the object; see <see cref="ObjectIndex.HoldsObject"/>.</summary>
    public bool HoldObject(Predicate<Generation>? which)
    {
        foreach (var generation in _newestFirst)
        {
            bool counts = generation.IsUsable && StoredResponse.IsAboutTheObject(generation.Response.Status);
            if (counts && which?.Invoke(generation) != false)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The variant that is selected by the same as <paramref name="selecting"/>; null for none.</summary>
    public Generation? Find(SelectingFields? selecting) =>
        Array.Find(_newestFirst, generation => Equals(generation.Selecting, selecting));

    /// <summary>Whether one of them is such.</summary>
    public bool Any(Predicate<Generation> isSuch) => Array.Exists(_newestFirst, isSuch);

    /// <summary>Whether one is among them.</summary>
    public bool Contains(Generation generation) => Array.IndexOf(_newestFirst, generation) >= 0;

    /// <summary>
    /// Whether a generation of an earlier run may come to these: those of this run are newer, and stay. Where one of them has its place and
    /// is the same version, it gives way, and the other becomes as fresh as it is: the earlier run has left slices of it on disk.
    /// </summary>
    public bool YieldsTo(Generation recovered)
    {
        foreach (var generation in _newestFirst)
        {
            if (generation.IsOfEarlierRun)
            {
                continue;
            }

            if (Equals(generation.Selecting, recovered.Selecting))
            {
                if (!CanBeJoined(generation, recovered))
                {
                    return false;
                }

                recovered.TierMark = generation.TierMark;
                recovered.Freshen(generation.Response);
            }
            else if (!CanStandBeside(generation, recovered) || _newestFirst.Length == MaxVariants)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Without one; null when it was the last. Itself when it is not among them.</summary>
    public StoredVariants? Without(Generation removed)
    {
        if (!Contains(removed))
        {
            return this;
        }

        return _newestFirst.Length == 1 ? null : new StoredVariants(Array.FindAll(_newestFirst, generation => generation != removed));
    }

    // They are cut alike, of one version, the origin lets versions be told, and no instance has removed one of them before the other came.
    private static bool CanBeJoined(Generation one, Generation other)
    {
        var (response, otherResponse) = (one.Response, other.Response);
        return one.Grid == other.Grid && one.IsWhole == other.IsWhole && response.Status == otherResponse.Status
            && response.MayCombine && otherResponse.MayCombine && response.Validator.IsSameVersion(otherResponse.Validator)
            && one.TierMark?.Removals == other.TierMark?.Removals;
    }

    private static bool CanStandBeside(Generation one, Generation other) =>
        one.Selecting is { } selecting && other.Selecting is { } otherSelecting && selecting.HasSameNames(otherSelecting);

    // The last of equals, which is the oldest.
    private static Generation LeastUsedAfterFirst(List<Generation> newestFirst)
    {
        var least = newestFirst[^1];
        for (int index = newestFirst.Count - 2; index > 0; index--)
        {
            least = newestFirst[index].Place.Uses < least.Place.Uses ? newestFirst[index] : least;
        }

        return least;
    }

    private static uint AllBits(int count) => count == MaxVariants ? uint.MaxValue : (1u << count) - 1;

    // The variants from one on that have the same names, a bit for each.
    private uint AlikeFrom(int first)
    {
        uint alike = 1u << first;
        for (int index = first + 1; index < _newestFirst.Length; index++)
        {
            bool isAlike = _newestFirst[first].Selecting is { } selecting
                && _newestFirst[index].Selecting is { } other && selecting.HasSameNames(other);
            alike |= isAlike ? 1u << index : 0;
        }

        return alike;
    }

    private uint MatchingAmong(uint alike, SelectingFields selecting, FieldTable request, ref int steps)
    {
        Span<byte> buffer = stackalloc byte[SelectingFields.MaxValueBytes];
        for (int field = 0; field < selecting.Fields.Length && alike != 0; field++)
        {
            if (!SelectingValue.TryRead(request, selecting.Fields[field].Name, buffer, out int length, ref steps))
            {
                return 0;
            }

            for (uint rest = alike; rest != 0; rest &= rest - 1)
            {
                int index = BitOperations.TrailingZeroCount(rest);
                if (!buffer[..length].SequenceEqual(_newestFirst[index].Selecting!.Fields[field].Value))
                {
                    alike &= ~(1u << index);
                }
            }
        }

        return alike;
    }
}
