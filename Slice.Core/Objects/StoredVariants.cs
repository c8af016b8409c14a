using System.Diagnostics.CodeAnalysis;
using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Objects;

/// <summary>
/// The live generations of one key: one, or one for each set of selecting values (RFC 9111 §4.1), newest first. Immutable.
/// </summary>
internal sealed class StoredVariants
{
    /// <summary>
    /// Most variants of one key; the oldest goes for a new one. A client that invents values of a selecting field must not be able to
    /// fill the store with copies of one object. Arbitrary.
    /// </summary>
    public const int MaxVariants = 32;

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

    /// <summary>The newest variant that the request selects.</summary>
    public bool TrySelect(FieldTable request, [NotNullWhen(true)] out Generation? selected)
    {
        foreach (var generation in _newestFirst)
        {
            if (generation.Selecting is null || generation.Selecting.Match(request))
            {
                selected = generation;
                return true;
            }
        }

        selected = null;
        return false;
    }

    /// <summary>
    /// With one more in front; what it stands in for, and what there are too many of, goes to <paramref name="replaced"/>.
    /// </summary>
    public StoredVariants With(Generation added, List<Generation> replaced)
    {
        var kept = new List<Generation> { added };
        foreach (var generation in _newestFirst)
        {
            bool isReplaced = added.Selecting is null || generation.Selecting is null || added.Selecting.Equals(generation.Selecting);
            if (generation == added)
            {
                continue;
            }

            (isReplaced || kept.Count == MaxVariants ? replaced : kept).Add(generation);
        }

        return new StoredVariants([.. kept]);
    }

    /// <summary>Without one; null when it was the last. Itself when it is not among them.</summary>
    public StoredVariants? Without(Generation removed)
    {
        if (Array.IndexOf(_newestFirst, removed) < 0)
        {
            return this;
        }

        return _newestFirst.Length == 1 ? null : new StoredVariants(Array.FindAll(_newestFirst, generation => generation != removed));
    }
}
