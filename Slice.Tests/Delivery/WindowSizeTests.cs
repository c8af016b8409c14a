using Slice.Net.Delivery;

namespace Slice.Tests.Delivery;

/// <summary>How many slices of a response are fetched at a time, as its client and the origin go.</summary>
public sealed class WindowSizeTests
{
    private readonly WindowSize _size = new();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(64, 2)]
    public void Begins_with_two_and_never_has_more_than_allowed(int most, int slices)
    {
        _size.Begin(most);

        Assert.Equal(slices, _size.Slices);
    }

    [Fact]
    public void Doubles_with_each_round_in_which_the_client_waits_up_to_what_is_allowed()
    {
        _size.Begin(8);

        Assert.Equal([4, 8, 8, 8], Enumerable.Range(0, 4).Select(_ => Round(waits: true, lying: 0)));
    }

    [Fact]
    public void Grows_once_in_a_round_however_often_the_client_waits()
    {
        _size.Begin(64);
        Round(waits: true, lying: 0);

        for (int slice = 0; slice < 3; slice++)
        {
            _size.Waited(4);
            _size.Taken(0);
            Assert.Equal(4, _size.Slices);
        }

        _size.Taken(0);
        Assert.Equal(8, _size.Slices);
    }

    [Fact]
    public void Does_not_grow_for_a_client_that_never_waits()
    {
        _size.Begin(64);

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(2, Round(waits: false, lying: 1)));
    }

    [Fact]
    public void Does_not_grow_while_fewer_are_fetched_than_may_be()
    {
        _size.Begin(64);
        _size.Waited(fetching: 1);
        _size.Taken(0);

        Assert.Equal(2, _size.Slices);
    }

    [Fact]
    public void Slices_of_later_parts_count_as_fetched()
    {
        _size.Begin(64);
        _size.OfLaterParts = 1;
        _size.Waited(fetching: 1);
        _size.Taken(0);

        Assert.Equal(4, _size.Slices);
    }

    [Fact]
    public void Head_that_the_client_waited_for_counts()
    {
        _size.Begin(64);
        _size.NoteHead(hasWaited: true);
        _size.Taken(0);

        Assert.Equal(4, _size.Slices);
    }

    [Fact]
    public void Gives_up_half_of_what_lies_there_all_the_time_down_to_two()
    {
        GrowTo(16);

        Assert.Equal([9, 5, 3, 2, 2, 2], Enumerable.Range(0, 6).Select(_ => Round(waits: false, lying: _size.Slices - 2)));
    }

    [Fact]
    public void Stays_where_nothing_lies_there_at_times()
    {
        GrowTo(16);

        for (int slice = 0; slice < 64; slice++)
        {
            _size.Taken(slice % 8);
        }

        Assert.Equal(16, _size.Slices);
    }

    [Fact]
    public void Grows_by_one_where_the_right_size_is_near()
    {
        GrowTo(16);
        Round(waits: false, lying: 14);

        Assert.Equal([10, 11, 12], Enumerable.Range(0, 3).Select(_ => Round(waits: true, lying: 0)));
    }

    [Fact]
    public void Next_response_begins_anew()
    {
        GrowTo(16);
        Round(waits: false, lying: 14);
        _size.Begin(16);

        Assert.Equal([4, 8, 16], Enumerable.Range(0, 3).Select(_ => Round(waits: true, lying: 0)));
    }

    private void GrowTo(int slices)
    {
        _size.Begin(slices);
        while (_size.Slices < slices)
        {
            Round(waits: true, lying: 0);
        }
    }

    // The first round is a slice long.
    private int Round(bool waits, int lying)
    {
        int before = _size.Slices;
        for (int slice = 0; slice < before && _size.Slices == before; slice++)
        {
            if (waits)
            {
                _size.Waited(before);
            }

            _size.Taken(lying);
        }

        return _size.Slices;
    }
}
