using Slice.Core.Observability;
using Slice.Tests.Support;

namespace Slice.Tests.Observability;

public class CounterTests
{
    [Fact]
    public void Counter_adds_and_subtracts()
    {
        var counter = new CounterSheet().NewCounter();
        Assert.Equal(0, counter.Value);
        counter.Add(5);
        counter.Add(-7);
        Assert.Equal(-2, counter.Value);
    }

    [Fact]
    public async Task Counter_loses_nothing_between_threads()
    {
        const int Rounds = 100_000;
        var counter = new CounterSheet().NewCounter();
        var workers = Enumerable.Range(1, 8).Select(amount => Task.Run(() => Add(counter, amount, Rounds)));
        await Deadline.WithinAsync(Task.WhenAll(workers), "eight workers");
        Assert.Equal(36L * Rounds, counter.Value);
    }

    [Fact]
    public void Labelled_counter_counts_each_label_and_reads_them_in_order()
    {
        var counter = new LabelledCounter();
        Assert.Empty(counter.Read());
        foreach (string label in (string[])["b", "B", "a", "b"])
        {
            counter.Add(label);
        }

        Assert.Equal([new("B", 1), new("a", 1), new("b", 2)], counter.Read());
    }

    private static void Add(StripedCounter counter, int amount, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            counter.Add(amount);
        }
    }
}
