using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;

namespace Slice.Core.SharedCache;

/// <summary>
/// The keys under which things are in a shared store: the operator's prefix, a letter for the kind, and 128 bits of SHA-256 in hex of what
/// is meant, so that no client can make two objects share one. Immutable.
/// </summary>
/// <remarks>
/// The record of an object, its two counters, its claims and the turn to ask for it are of use together only: their names have the same
/// part in braces, by which a store of several servers puts them at one (<see cref="IKeyValueStore"/>). With a name of its own for each,
/// one server of three that is away would keep seven objects of ten from being shared, and not a third of them. Slices are everywhere.
/// </remarks>
/// <param name="prefix">What all keys begin with.</param>
/// <param name="realm">
/// What instances must have in common to share anything: the origin and what makes their keys. Others with the same prefix do not meet,
/// nor do those of a version with another layout of values, as each would take the news of the others for lost.
/// </param>
internal sealed class TierNames(string prefix, string realm)
{
    private readonly byte[] _realm = HashOf(realm);
    private readonly string _short = Convert.ToHexStringLower(HashOf(realm))[..8];

    /// <summary>The counter of what was published in the log of news.</summary>
    public string News => $"{prefix}n:{_short}";

    /// <summary>The counter of purges of many objects.</summary>
    public string Purges => $"{prefix}p:{_short}";

    /// <summary>The part of the name that tells realms apart: eight hex digits.</summary>
    public string Realm => _short;

    /// <summary>What tells the logs of one fleet from those of others that may use the same store.</summary>
    public TierVersion Fleet => TierVersion.Of([.. Encoding.ASCII.GetBytes(prefix), .. _realm]);

    /// <summary>An entry of the log of news.</summary>
    public string NewsAt(long number) => string.Create(CultureInfo.InvariantCulture, $"{News}:{number}");

    /// <summary>A purge of many objects.</summary>
    public string PurgeAt(long number) => string.Create(CultureInfo.InvariantCulture, $"{Purges}:{number}");

    /// <summary>The place of an instance among the others.</summary>
    public string InstanceAt(int slot) => string.Create(CultureInfo.InvariantCulture, $"{prefix}i:{_short}:{slot}");

    /// <summary>One of the values that are there to be there.</summary>
    public string WitnessAt(int index) => string.Create(CultureInfo.InvariantCulture, $"{prefix}w:{_short}:{index}");

    /// <summary>The head of the object under a cache key.</summary>
    public string ObjectOf(ReadOnlySpan<byte> key) =>
        KeyFields.ResourceOf(key).Length == key.Length ? Named('o', key) : $"{Named('o', key)}:{DigestOf(key)}";

    /// <summary>The counter of removals of a cache key, whatever fields it has.</summary>
    public string RemovalsOf(ReadOnlySpan<byte> key) => Named('r', key);

    /// <summary>The counter of changes and soft purges of a cache key, whatever fields it has.</summary>
    public string DoubtsOf(ReadOnlySpan<byte> key) => Named('d', key);

    /// <summary>The claim of an object, or of one variant, between what has happened to it.</summary>
    public string ClaimOf(Generation generation, TierMark mark)
    {
        var buffer = new RecordBuffer();
        buffer.Bytes(generation.Key.Bytes);
        IndexRecords.WriteSelecting(buffer, generation.Selecting);
        buffer.Int64(mark.Removals);
        buffer.Int64(mark.Doubts);
        return $"{Named('c', generation.Key.Bytes)}:{DigestOf(buffer.Written)}";
    }

    /// <summary>One slice of a version.</summary>
    public string SliceOf(in TierVersion version, int sliceIndex) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}s:{version}:{sliceIndex}");

    /// <summary>The turn to ask the origin for what is under a name.</summary>
    public static string TurnOf(string name) => name + ":t";

    /// <summary>What the envelope of one slice of a version says.</summary>
    public TierLabel SliceLabelOf(in TierVersion version, SliceGrid grid, int sliceIndex, long completeLength) =>
        new(TierValueKind.Slice, SliceOf(version, sliceIndex), version, grid.SliceSizeBytes, sliceIndex, completeLength);

    /// <summary>What tells a version of an object from every other one.</summary>
    /// <param name="key">The cache key.</param>
    /// <param name="selecting">What selects it; null when every request does.</param>
    /// <param name="response">Its head.</param>
    /// <param name="grid">The grid that its slices are cut on.</param>
    /// <param name="removals">The counter of removals of the key, as it was when the object was asked for.</param>
    /// <param name="purge">The number of the last purge of many objects that was for it before it was asked for; 0 for none.</param>
    public TierVersion VersionOf(
        CacheKey key, SelectingFields? selecting, StoredResponse response, SliceGrid grid, long removals, long purge)
    {
        var buffer = new RecordBuffer();
        buffer.Bytes(_realm);
        buffer.Bytes(key.Bytes);
        IndexRecords.WriteSelecting(buffer, selecting);
        buffer.UInt16((ushort)response.Status);
        buffer.Text(response.Validator.EntityTag);
        buffer.Text(response.Validator.LastModified);
        buffer.Text(response.Validator.ContentCoding);
        buffer.Int64(response.CompleteLength);
        buffer.Int32(grid.SliceSizeBytes);
        buffer.Int64(removals);
        buffer.Int64(purge);
        return TierVersion.Of(buffer.Written);
    }

    /// <summary>
    /// The same of a generation; default where nothing tells one version from the next one, which may have the same length.
    /// </summary>
    public static TierVersion SureContentOf(Generation? generation) =>
        generation?.Response is { MayCombine: true } response ? ContentOf(response) : default;

    /// <summary>What tells the version of a response from others of its key, whatever was removed meanwhile.</summary>
    public static TierVersion ContentOf(StoredResponse response)
    {
        var buffer = new RecordBuffer();
        buffer.UInt16((ushort)response.Status);
        buffer.Text(response.Validator.EntityTag);
        buffer.Text(response.Validator.LastModified);
        buffer.Int64(response.CompleteLength);
        return TierVersion.Of(buffer.Written);
    }

    private static byte[] HashOf(string realm) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{TierEnvelope.Layout} {realm}")));

    private string Named(char kind, ReadOnlySpan<byte> key) => $"{prefix}{kind}:{{{DigestOf(KeyFields.ResourceOf(key))}}}";

    private TierVersion DigestOf(ReadOnlySpan<byte> bytes)
    {
        var buffer = new RecordBuffer();
        buffer.Bytes(_realm);
        buffer.Bytes(bytes);
        return TierVersion.Of(buffer.Written);
    }
}
