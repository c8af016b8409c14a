using Slice.Core.Observability;
using Slice.Tests.Support;

namespace Slice.Tests.Observability;

public class CounterSheetTests
{
    private readonly CounterSheet _sheet = new();

    [Fact]
    public void Figures_of_one_event_go_to_their_own_counters()
    {
        var (first, second) = (_sheet.NewCounter(), _sheet.NewCounter());
        var indexed = new IndexedCounter(_sheet, "a", "b");
        var histogram = new DurationHistogram(_sheet);
        var last = _sheet.NewCounter();
        using (var entry = _sheet.Open())
        {
            entry.Add(first, 1);
            entry.Add(second, -2);
            entry.Add(indexed, 1);
            entry.Record(histogram, TimeSpan.FromHours(1));
            entry.Add(last, 4);
        }

        Assert.Equal((1, -2, 4), (first.Value, second.Value, last.Value));
        Assert.Equal([new("a", 0), new("b", 1)], indexed.Read());
        Assert.Equal((1, TimeSpan.FromHours(1)), (histogram.Count, histogram.Sum));
    }

    // More threads than rows, each with two figures that must stay equal: an addition that is lost shows in either.
    [Fact]
    public async Task Rows_lose_nothing_between_threads()
    {
        const int Threads = 8;
        const int Rounds = 50_000;
        var (first, second) = (_sheet.NewCounter(), _sheet.NewCounter());
        await Deadline.WithinAsync(Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(AddMany))), "eight threads");
        Assert.Equal((Threads * Rounds, 3L * Threads * Rounds), (first.Value, second.Value));

        void AddMany()
        {
            for (int round = 0; round < Rounds; round++)
            {
                using var entry = _sheet.Open();
                entry.Add(first, 1);
                entry.Add(second, 3);
            }
        }
    }

    // A thread may be interrupted while it has a row, and on each processor one: nobody who has another row waits for it.
    [Fact]
    public void Row_that_somebody_has_is_passed_over()
    {
        var counter = _sheet.NewCounter();
        using (_sheet.Open())
        {
            counter.Add(1);
        }

        Assert.Equal(1, counter.Value);
    }

    [Fact]
    public void Full_sheet_says_how_much_it_holds()
    {
        for (int counter = 0; counter < 192; counter++)
        {
            _sheet.NewCounter();
        }

        var error = Assert.Throws<InvalidOperationException>(_sheet.NewCounter);
        Assert.Equal("A sheet of counters has room for 192, not for 193.", error.Message);
    }

    [Fact]
    public void Index_without_a_label_value_is_refused()
    {
        var indexed = new IndexedCounter(_sheet, "a", "b");
        Assert.Throws<ArgumentOutOfRangeException>(() => indexed.Add(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => indexed.Add(-1));
        indexed.Add(0);
        Assert.Equal(1, indexed.Total);
    }

    [Fact]
    public void Adding_allocates_nothing()
    {
        var counter = _sheet.NewCounter();
        counter.Add(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1_000; round++)
        {
            counter.Add(1);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
