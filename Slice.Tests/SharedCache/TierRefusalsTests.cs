using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>One word when a store begins to refuse, and one when all goes well again.</summary>
public sealed class TierRefusalsTests
{
    private readonly ManualTime _time = new();
    private readonly List<string?> _told = [];
    private readonly TierRefusals _refusals;

    public TierRefusalsTests() => _refusals = new TierRefusals(_time) { Changed = _told.Add };

    [Fact]
    public void Store_that_refuses_again_and_again_is_told_of_once_with_the_reason()
    {
        Refuse(3);
        Assert.Empty(_told);
        Refuse(7);

        Assert.Equal(["full 0"], _told);
    }

    // Heads and counters go in where slices are too long.
    [Fact]
    public void Short_values_between_the_refused_ones_change_nothing()
    {
        for (int round = 0; round < 10; round++)
        {
            Refuse(1);
            Write(10);
        }

        Assert.Equal(["full 0"], _told);
    }

    [Fact]
    public void Store_that_takes_all_again_is_told_of_once()
    {
        Refuse(4);
        _time.Advance(TimeSpan.FromMinutes(1));
        Write(63);
        Assert.Single(_told);
        Write(100);

        Assert.Equal(["full 3", null], _told);
    }

    // Some that are refused for ever, among many that go well.
    [Fact]
    public void Refusals_that_come_again_within_a_minute_are_told_of_once()
    {
        for (int second = 0; second < 1000; second += 50)
        {
            Refuse(4);
            Write(1000);
            _time.Advance(TimeSpan.FromSeconds(50));
        }

        Assert.Equal(["full 3"], _told);
    }

    [Fact]
    public void Single_refusals_among_many_writes_are_nothing()
    {
        for (int round = 0; round < 10; round++)
        {
            Refuse(1);
            Write(64);
        }

        Assert.Empty(_told);
    }

    private void Refuse(int count)
    {
        for (int number = 0; number < count; number++)
        {
            _refusals.Refused($"full {number}");
        }
    }

    private void Write(int count)
    {
        for (int number = 0; number < count; number++)
        {
            _refusals.WentWell();
        }
    }
}
