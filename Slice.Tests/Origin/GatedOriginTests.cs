using Microsoft.Extensions.Time.Testing;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>The only way to the origin for requests of ours, and who has the permit at each moment.</summary>
public sealed class GatedOriginTests : IDisposable
{
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly OriginGate _gate = new(limit: 1, TimeProvider.System);
    private readonly FakeOriginClient _origin = new();
    private readonly GatedOrigin _gated;

    public GatedOriginTests() => _gated = new GatedOrigin(_gate, TimeProvider.System, _meter);

    public void Dispose()
    {
        _gate.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task Permit_is_held_until_the_response_is_disposed()
    {
        var sending = SendAsync();
        var response = (await _origin.NextAsync()).Respond(new FakeOriginResponse(200));
        var (permitted, failure) = await sending;

        Assert.False(failure.IsError);
        Assert.Same(response, permitted!.Response);
        Assert.Equal(0, _gate.Free);
        permitted.Dispose();
        Assert.Equal(1, _gate.Free);
        Assert.True(response.Disposed.IsCompleted);
        permitted.Dispose();
        Assert.Equal(1, _gate.Free);
    }

    [Fact]
    public async Task Permit_goes_with_the_response_that_is_handed_over()
    {
        var (first, _) = await SendAnsweredAsync();
        var second = first!.HandOver();
        first.Dispose();

        Assert.Equal(0, _gate.Free);
        Assert.Throws<ObjectDisposedException>(() => first.Response);
        second.Dispose();
        Assert.Equal(1, _gate.Free);
    }

    [Fact]
    public async Task Body_that_goes_on_at_a_clients_pace_holds_no_permit()
    {
        var (permitted, _) = await SendAnsweredAsync();
        var response = Assert.IsType<FakeOriginResponse>(permitted!.HandOverWithoutPermit());
        permitted.Dispose();

        Assert.Equal(1, _gate.Free);
        Assert.False(response.Disposed.IsCompleted);
    }

    [Fact]
    public async Task Failed_request_gives_its_permit_back()
    {
        var sending = SendAsync();
        (await _origin.NextAsync()).Fail(FetchError.ConnectionRefused);

        Assert.Equal(FetchError.ConnectionRefused, (await sending).Failure.Error);
        Assert.Equal(1, _gate.Free);
    }

    [Fact]
    public async Task Request_that_is_not_needed_when_its_turn_comes_is_not_sent()
    {
        var (permitted, failure) = await SendAsync(() => new(new Failure(FetchError.Abandoned)));

        Assert.Null(permitted);
        Assert.Equal(FetchError.Abandoned, failure.Error);
        Assert.Empty(_origin.Requests);
        Assert.Equal(0, _meter.Subrequests.Value);
        Assert.Equal(1, _gate.Free);
    }

    [Fact]
    public async Task Request_without_a_turn_in_time_is_not_sent()
    {
        var ticket = GateTicket.Of(FetchBed.Template());
        using var taken = await _gate.TryEnterAsync(ticket, TimeSpan.Zero, TestContext.Current.CancellationToken);
        var (_, failure) = await _gated.SendAsync(_origin, Request, TimeSpan.Zero, TestContext.Current.CancellationToken);
        Assert.Equal(FetchError.OriginQueueTimeout, failure.Error);
        Assert.Empty(_origin.Requests);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Request_that_nobody_wants_any_more_ends_at_the_origin_and_in_the_queue()
    {
        using var leaving = new CancellationTokenSource();
        var ct = TestContext.Current.CancellationToken;
        var request = Request with { Abandoned = leaving.Token };
        var sent = _gated.SendAsync(_origin, request, Deadline.Default, ct).AsTask();
        await _origin.NextAsync();
        var queued = _gated.SendAsync(_origin, request, Deadline.Default, ct).AsTask();

        await leaving.CancelAsync();

        Assert.Equal(FetchError.Abandoned, (await Deadline.WithinAsync(sent, "the one at the origin")).Failure.Error);
        Assert.Equal(FetchError.Abandoned, (await Deadline.WithinAsync(queued, "the one in the queue")).Failure.Error);
        Assert.Equal(1, _gate.Free);
        Assert.Single(_origin.Requests);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Request_without_a_head_for_long_ends_for_those_who_wait_when_there_is_no_other_room()
    {
        var time = new FakeTimeProvider();
        using var gate = new OriginGate(limit: 1, time);
        var gated = new GatedOrigin(gate, TimeProvider.System, _meter);
        var ct = TestContext.Current.CancellationToken;
        var slow = gated.SendAsync(_origin, Request, TimeSpan.FromDays(1), ct).AsTask();
        await _origin.NextAsync();
        var next = gated.SendAsync(_origin, Request, TimeSpan.FromDays(1), ct).AsTask();
        time.Advance(GatePolicy.Subrequests.HeadPatience);
        await _origin.NextAsync();
        var good = gated.SendAsync(_origin, Request, TimeSpan.FromDays(1), ct).AsTask();

        time.Advance(GatePolicy.Subrequests.SureTime - GatePolicy.Subrequests.HeadPatience);

        Assert.Equal(FetchError.OriginQueueTimeout, (await Deadline.WithinAsync(slow, "the slow one to end")).Failure.Error);
        (await _origin.NextAsync()).Respond(new FakeOriginResponse(200));
        Assert.NotNull((await Deadline.WithinAsync(good, "the good one")).Response);
        Assert.False(next.IsCompleted);
    }

    private static Slice.Core.Origin.OriginRequest Request => new(FetchBed.Template(), Range: null);

    private Task<(PermittedResponse? Response, Failure Failure)> SendAsync(Func<ValueTask<Failure>>? mayStart = null) =>
        Deadline.WithinAsync(
            _gated.SendAsync(_origin, Request, Deadline.Default, TestContext.Current.CancellationToken, mayStart).AsTask(), "the answer");

    private Task<(PermittedResponse? Response, Failure Failure)> SendAnsweredAsync()
    {
        _origin.Answer = _ => new OriginResult(new FakeOriginResponse(200), Failure.None);
        return SendAsync();
    }
}
