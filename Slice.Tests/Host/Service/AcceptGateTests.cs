using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>A gate is closed when the last listener has left, and not before.</summary>
public sealed class AcceptGateTests
{
    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Gate_is_closed_when_the_last_accept_has_ended()
    {
        var gate = new AcceptGate(isOpen: true);
        Assert.True(gate.TryEnter(out var first));
        Assert.True(gate.TryEnter(out var second));
        Task closed = gate.CloseAsync();
        await Eventually.TrueAsync(() => first.IsCancellationRequested && second.IsCancellationRequested, "both are told");
        Assert.False(gate.TryEnter(out _));
        gate.Leave();
        Assert.False(closed.IsCompleted);

        gate.Leave();

        await Deadline.WithinAsync(closed, "the gate to be closed");
        Assert.False(gate.Opened.IsCompleted);
    }

    [Fact]
    public async Task Gate_that_opens_again_has_a_token_of_its_own()
    {
        var gate = new AcceptGate(isOpen: true);
        await Deadline.WithinAsync(gate.CloseAsync(), "the gate to be closed");
        Task opened = gate.Opened;
        gate.Open();
        gate.Open();

        await Deadline.WithinAsync(opened, "the gate to open");
        Assert.True(gate.TryEnter(out var closing));
        Assert.False(closing.IsCancellationRequested);
    }

    [Fact]
    public async Task Gate_that_was_never_open_is_closed()
    {
        var gate = new AcceptGate(isOpen: false);
        Assert.False(gate.TryEnter(out _));
        await Deadline.WithinAsync(gate.CloseAsync(), "the gate to be closed");
    }
}
