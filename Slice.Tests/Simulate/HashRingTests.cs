using Slice.Benchmarks.Simulate.Fleet;

namespace Slice.Tests.Simulate;

/// <summary>Consistent hashing as it is simulated.</summary>
public sealed class HashRingTests
{
    private const int Instances = 8;
    private const int Keys = 20_000;

    private readonly HashRing _ring = new(Enumerable.Range(0, Instances), 160);

    // 160 points: the shares differ by a twelfth, so a third is four standard deviations.
    [Fact]
    public void Instances_have_about_as_many_keys()
    {
        var shares = Enumerable.Range(0, Keys).CountBy(key => _ring.Find(Hash(key))).ToDictionary();

        Assert.Equal(Instances, shares.Count);
        Assert.All(shares.Values, count => Assert.InRange(count, Keys / Instances * 2 / 3, Keys / Instances * 4 / 3));
    }

    [Fact]
    public void Instance_that_goes_moves_its_own_keys_and_no_other()
    {
        var smaller = new HashRing(Enumerable.Range(0, Instances).Where(instance => instance != 3), 160);
        int moved = 0;
        for (int key = 0; key < Keys; key++)
        {
            int before = _ring.Find(Hash(key));
            int after = smaller.Find(Hash(key));
            Assert.True(before == after || before == 3);
            moved += before == after ? 0 : 1;
        }

        Assert.InRange(moved, Keys / Instances * 2 / 3, Keys / Instances * 4 / 3);
    }

    [Fact]
    public void Keys_of_a_full_instance_go_to_several_others()
    {
        int[] taken = [.. Enumerable.Range(0, Keys).Select(Hash).Where(hash => _ring.Find(hash) == 3)
            .Select(hash => _ring.Find(hash, instance => instance != 3))];

        Assert.DoesNotContain(3, taken);
        Assert.Equal(Instances - 1, taken.Distinct().Count());
    }

    [Fact]
    public void Key_stays_where_it_is_when_all_are_full() =>
        Assert.All(Enumerable.Range(0, 100).Select(Hash), hash => Assert.Equal(_ring.Find(hash), _ring.Find(hash, _ => false)));

    private static ulong Hash(int key) => HashRing.Hash((ulong)key);
}
