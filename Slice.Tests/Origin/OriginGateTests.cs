using Microsoft.Extensions.Time.Testing;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

public class OriginGateTests
{
    [Fact]
    public async Task Gate_lets_in_up_to_its_limit_and_the_next_when_one_leaves()
    {
        using var gate = new OriginGate(limit: 2, TimeProvider.System);
        var ct = TestContext.Current.CancellationToken;
        Assert.True(await gate.TryEnterAsync(Deadline.Default, ct));
        Assert.True(await gate.TryEnterAsync(Deadline.Default, ct));
        var third = gate.TryEnterAsync(Deadline.Default, ct).AsTask();
        Assert.False(third.IsCompleted);
        Assert.Equal(0, gate.Free);
        gate.Leave();
        Assert.True(await Deadline.WithinAsync(third, "the third to enter"));
    }

    [Fact]
    public async Task Gate_turns_away_whose_time_ran_out()
    {
        using var gate = new OriginGate(limit: 1, TimeProvider.System);
        var ct = TestContext.Current.CancellationToken;
        Assert.True(await gate.TryEnterAsync(TimeSpan.Zero, ct));
        Assert.False(await gate.TryEnterAsync(TimeSpan.Zero, ct));
    }

    [Fact]
    public async Task Gate_forgets_who_gave_up_waiting()
    {
        using var gate = new OriginGate(limit: 1, TimeProvider.System);
        using var leaving = new CancellationTokenSource();
        Assert.True(await gate.TryEnterAsync(Deadline.Default, TestContext.Current.CancellationToken));
        var waiting = gate.TryEnterAsync(Deadline.Default, leaving.Token).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        gate.Leave();
        Assert.Equal(1, gate.Free);
    }

    [Fact]
    public async Task Queue_has_a_deadline()
    {
        var time = new FakeTimeProvider();
        using var gate = new OriginGate(limit: 1, time);
        Assert.True(await gate.TryEnterAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Task<bool> waiting = gate.TryEnterAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken).AsTask();

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await Deadline.WithinAsync(waiting, "the queue gives up"));
        gate.Leave();
        Assert.Equal(1, gate.Free);
    }

    [Fact]
    public async Task Permit_that_nobody_took_cannot_be_given_back()
    {
        using var gate = new OriginGate(limit: 2, TimeProvider.System);
        Assert.Throws<InvalidOperationException>(gate.Leave);

        Assert.True(await gate.TryEnterAsync(Deadline.Default, TestContext.Current.CancellationToken));
        gate.Leave();
        Assert.Throws<InvalidOperationException>(gate.Leave);
        Assert.Equal((2, 0), (gate.Free, gate.Inside));
    }

    [Fact]
    public async Task Higher_limit_lets_the_next_in_line_in_at_once()
    {
        var ct = TestContext.Current.CancellationToken;
        using var gate = new OriginGate(limit: 1, TimeProvider.System);
        Assert.True(await gate.TryEnterAsync(Deadline.Default, ct));
        var second = gate.TryEnterAsync(Deadline.Default, ct).AsTask();
        Assert.False(second.IsCompleted);

        gate.Resize(3);

        Assert.True(await Deadline.WithinAsync(second, "the second to enter"));
        Assert.Equal((1, 2), (gate.Free, gate.Inside));
    }

    [Fact]
    public async Task Lower_limit_is_reached_as_permits_come_back()
    {
        var ct = TestContext.Current.CancellationToken;
        using var gate = new OriginGate(limit: 3, TimeProvider.System);
        for (int permit = 0; permit < 3; permit++)
        {
            Assert.True(await gate.TryEnterAsync(Deadline.Default, ct));
        }

        gate.Resize(1);
        gate.Leave();
        gate.Leave();
        Assert.Equal((0, 1), (gate.Free, gate.Inside));
        gate.Leave();
        Assert.Equal((1, 0), (gate.Free, gate.Inside));
    }

    [Fact]
    public async Task Limit_that_was_lowered_and_raised_again_forgets_nobody()
    {
        var ct = TestContext.Current.CancellationToken;
        using var gate = new OriginGate(limit: 4, TimeProvider.System);
        Assert.True(await gate.TryEnterAsync(Deadline.Default, ct));
        Assert.True(await gate.TryEnterAsync(Deadline.Default, ct));

        gate.Resize(1);
        gate.Resize(4);

        Assert.Equal((2, 2), (gate.Free, gate.Inside));
        gate.Leave();
        gate.Leave();
        Assert.Equal((4, 0), (gate.Free, gate.Inside));
    }
}
