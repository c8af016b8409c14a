using System.Text;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>What is told of the purges that another instance was asked for.</summary>
public sealed class HeardPurgesTests : IDisposable
{
    private readonly TierBed _bed = new();

    public void Dispose() => _bed.Dispose();

    // The loop that hears the news tells them: a look at all places for each of thousands would keep it from hearing.
    [Fact]
    public async Task Many_purges_of_an_instance_that_has_gone_are_told_with_one_look_for_it()
    {
        await _bed.Members.TellAsync(1, 1, TierBed.Ct);
        var gone = Guid.NewGuid();
        List<HeardPurge> told = [];
        var heard = new HeardPurges(new FleetWatch(_bed.Members, TierBed.Gap, _bed.Time)) { Told = told.Add };
        for (int number = 0; number < 100; number++)
        {
            heard.Add(gone, Encoding.ASCII.GetBytes($"/file{number}"), isSoft: false, slices: 1);
        }

        int before = _bed.Server.Operations.Count;
        await heard.TellAsync(TierBed.Ct);

        Assert.Equal(100, told.Count);
        Assert.All(told, purge => Assert.Equal(gone.ToString(), purge.From));
        Assert.InRange(_bed.Server.Operations.Count - before, 1, 32);
    }
}
