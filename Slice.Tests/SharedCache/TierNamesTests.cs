using System.Security.Cryptography;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>Under which names instances meet.</summary>
public sealed class TierNamesTests
{
    // Instances of two layouts would take each other's news for lost, once a second.
    [Fact]
    public void Layout_of_the_values_is_a_part_of_every_name()
    {
        string realm = Convert.ToHexStringLower(SHA256.HashData("2 the origin"u8))[..8];
        var names = new TierNames("p:", "the origin");

        Assert.Equal(2, TierEnvelope.Layout);
        Assert.Equal((realm, $"p:n:{realm}", $"p:p:{realm}:7"), (names.Realm, names.News, names.PurgeAt(7)));
    }
}
