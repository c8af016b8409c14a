using Microsoft.Extensions.Time.Testing;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>What a client waits for goes before what is read ahead, and clients are still treated alike.</summary>
public sealed class GateAheadTests : IDisposable
{
    private static readonly TimeSpan s_queueTimeout = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly OriginGate _gate;

    public GateAheadTests() => _gate = new OriginGate(limit: 1, _time, new GatePolicy());

    public void Dispose() => _gate.Dispose();

    [Theory]
    [Trait("Behaviour", "B54")]
    [InlineData("a", "/same")]
    [InlineData("a", "/other")]
    [InlineData("b", "/same")]
    public async Task Slice_that_a_client_waits_for_passes_those_that_are_read_ahead(string client, string target)
    {
        var first = await InAsync(Enter(("x", "/")));
        Task<OriginPermit?>[] ahead = [EnterAhead(("a", "/same"), out _), EnterAhead(("a", "/same"), out _)];
        var awaited = Enter((client, target));

        first.Dispose();

        (await InAsync(awaited)).Dispose();
        (await InAsync(ahead[0])).Dispose();
        await InAsync(ahead[1]);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Slice_that_was_read_ahead_goes_first_when_its_client_comes_to_wait_for_it()
    {
        var first = await InAsync(Enter(("x", "/")));
        var ahead = EnterAhead(("a", "/1"), out _);
        var hurried = EnterAhead(("a", "/1"), out var client);
        await client.CancelAsync();

        first.Dispose();

        (await InAsync(hurried)).Dispose();
        await InAsync(ahead);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Client_that_holds_more_does_not_pass_what_another_reads_ahead()
    {
        using var gate = new OriginGate(limit: 2, _time, new GatePolicy());
        var first = await InAsync(Enter(("greedy", "/1"), gate));
        await InAsync(Enter(("greedy", "/2"), gate));
        var more = Enter(("greedy", "/3"), gate);
        var ahead = EnterAhead(("modest", "/"), out _, gate);

        first.Dispose();

        await InAsync(ahead);
        Assert.False(more.IsCompleted);
    }

    [Fact]
    public async Task Time_in_the_line_runs_from_when_somebody_waits()
    {
        var first = await InAsync(Enter(("x", "/")));
        var ahead = EnterAhead(("a", "/"), out var client);
        _time.Advance(10 * s_queueTimeout);
        Assert.False(ahead.IsCompleted);

        await client.CancelAsync();
        _time.Advance(s_queueTimeout);

        Assert.Null(await Deadline.WithinAsync(ahead, "the queue gives up"));
        first.Dispose();
        Assert.Equal(1, _gate.Free);
    }

    [Fact]
    public async Task One_that_reads_ahead_and_gives_up_leaves_nothing_behind()
    {
        using var leaving = new CancellationTokenSource();
        using var client = new CancellationTokenSource();
        var first = await InAsync(Enter(("x", "/")));
        var ahead = _gate.TryEnterAsync(new GateTicket("a", "/") { Wanted = client.Token }, s_queueTimeout, leaving.Token).AsTask();

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ahead);
        await client.CancelAsync();
        first.Dispose();

        Assert.Equal((1, 0), (_gate.Free, _gate.Inside));
        Assert.False(_gate.IsWaitedAt);
    }

    private Task<OriginPermit?> Enter((string Client, string Target) whose, OriginGate? gate = null) =>
        (gate ?? _gate).TryEnterAsync(
            new GateTicket(whose.Client, whose.Target), s_queueTimeout, TestContext.Current.CancellationToken).AsTask();

    private Task<OriginPermit?> EnterAhead(
        (string Client, string Target) whose, out CancellationTokenSource client, OriginGate? gate = null)
    {
        client = new CancellationTokenSource();
        return (gate ?? _gate).TryEnterAsync(
            new GateTicket(whose.Client, whose.Target) { Wanted = client.Token },
            s_queueTimeout,
            TestContext.Current.CancellationToken).AsTask();
    }

    private static async Task<OriginPermit> InAsync(Task<OriginPermit?> entering) =>
        await Deadline.WithinAsync(entering, "a permit") ?? throw new InvalidOperationException("no permit");
}
