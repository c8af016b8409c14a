using System.Security.Cryptography;
using Slice.Core.Objects;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>Under which names instances meet.</summary>
public sealed class TierNamesTests : IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    // Instances of two layouts would take each other's news for lost, once a second.
    [Fact]
    public void Layout_of_the_values_is_a_part_of_every_name()
    {
        string realm = Convert.ToHexStringLower(SHA256.HashData("3 the origin"u8))[..8];
        var names = new TierNames("p:", "the origin");

        Assert.Equal(3, TierEnvelope.Layout);
        Assert.Equal((realm, $"p:n:{realm}", $"p:p:{realm}:7"), (names.Realm, names.News, names.PurgeAt(7)));
    }

    // One server of several that is away is to keep its share of the objects from being shared, and no others.
    [Theory]
    [InlineData("/file")]
    [InlineData("/file 0123456789abcdef0123456789abcdef")]
    public void Record_counters_claim_and_turn_of_an_object_have_the_same_part_in_braces(string target)
    {
        var names = new TierNames("p:", "the origin");
        var generation = StoredObjects.Generation(_store, slices: 1, sliceSizeBytes: 4, target: target);
        var key = generation.Key.Bytes;

        string[] all =
        [
            names.RemovalsOf(key), names.DoubtsOf(key), names.ObjectOf(key), TierNames.TurnOf(names.ObjectOf(key)),
            names.ClaimOf(generation, new TierMark(1, 2, 3)),
        ];

        Assert.Equal("p:r:{fbe69bd09717b0c7d65f67f40f5eafb5}", all[0]);
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all, name => Assert.Equal(all[0][3..], name[3..all[0].Length]));
        Assert.NotEqual(names.ObjectOf("/file"u8) == all[2], target.Contains(' '));
    }
}
