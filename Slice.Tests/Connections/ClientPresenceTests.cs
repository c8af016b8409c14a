using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Connections;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>When a client counts as gone: over a real connection, with the end of its stream and the time in the test's hand.</summary>
public sealed class ClientPresenceTests : IDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly DeadlineSweeper _sweeper;
    private readonly CancellationTokenSource _streamEnded = new();
    private RawClient? _client;
    private Socket? _server;
    private bool _othersWait;

    public ClientPresenceTests() => _sweeper = new DeadlineSweeper(_time);

    public void Dispose()
    {
        _client?.Dispose();
        _server?.Dispose();
        _sweeper.Dispose();
        _streamEnded.Dispose();
    }

    [Fact]
    public async Task Client_that_takes_nothing_after_its_end_is_there_for_the_time_allowed()
    {
        using var presence = await HalfClosedAsync();

        Pass(29);
        Assert.False(presence.Gone.IsCancellationRequested);
        Pass(1);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Client_that_takes_nothing_makes_room_for_who_waits_after_a_second()
    {
        using var presence = await HalfClosedAsync();

        Pass(10);
        Assert.False(presence.Gone.IsCancellationRequested);
        _othersWait = true;
        Pass(1);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Client_has_its_second_however_many_wait()
    {
        _othersWait = true;
        _time.Advance(s_second / 2);
        using var presence = await HalfClosedAsync();

        // The look of the sweeper comes half a second after the end.
        _time.Advance(s_second / 2);
        Assert.False(presence.Gone.IsCancellationRequested);
        _time.Advance(s_second);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_that_takes_bytes_is_there()
    {
        using var presence = await HalfClosedAsync();

        for (int piece = 0; piece < 5; piece++)
        {
            Pass(20);
            await TakeByteAsync();
            _othersWait = true;
            Pass(1);
            _othersWait = false;
            Assert.False(presence.Gone.IsCancellationRequested);
        }

        Pass(30);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_that_closed_is_found_out_by_the_byte_that_it_is_sent()
    {
        using var presence = await HalfClosedAsync(client => client.Dispose());
        Pass(1);
        Assert.False(presence.Gone.IsCancellationRequested);

        await _server!.SendAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => !ClientProgress.IsHalfClosed(_server, out _), "the reset");

        Pass(1);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_that_resets_the_connection_is_gone_at_once()
    {
        using var presence = await ConnectAsync(Options());
        _client!.Abort();
        await Eventually.TrueAsync(() => _server!.Poll(0, SelectMode.SelectRead), "the reset");

        await _streamEnded.CancelAsync();

        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_that_resets_the_connection_after_its_end_is_found_out_within_a_second()
    {
        using var presence = await HalfClosedAsync();
        _client!.Abort();
        await Eventually.TrueAsync(() => !ClientProgress.IsHalfClosed(_server, out _), "the reset");

        Pass(1);

        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_whose_stream_ended_before_anybody_waited_for_it_is_there_from_then_on()
    {
        await ConnectAsync();
        _client!.FinishSending();
        await Eventually.TrueAsync(() => ClientProgress.IsHalfClosed(_server, out _), "the end of the stream");
        await _streamEnded.CancelAsync();
        Pass(20);

        using var presence = Presence(_server, Options());

        Pass(29);
        Assert.False(presence.Gone.IsCancellationRequested);
        Pass(1);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_whose_stream_ends_is_gone_at_once_without_a_time_allowed()
    {
        await ConnectAsync();
        using var presence = Presence(_server, Options(TimeSpan.Zero));
        _client!.FinishSending();
        await Eventually.TrueAsync(() => ClientProgress.IsHalfClosed(_server, out _), "the end of the stream");

        await _streamEnded.CancelAsync();

        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_of_whose_connection_nothing_is_known_is_gone_when_its_stream_ends()
    {
        using var presence = Presence(socket: null, Options());

        await _streamEnded.CancelAsync();

        Assert.True(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Connection_that_is_over_is_not_looked_at_any_more()
    {
        var presence = await HalfClosedAsync();

        presence.Dispose();

        Pass(60);
        Assert.False(presence.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Time_allowed_is_that_of_the_request_under_way()
    {
        using var presence = await HalfClosedAsync();

        presence.Timeouts = Options(TimeSpan.FromSeconds(2));

        Pass(1);
        Assert.False(presence.Gone.IsCancellationRequested);
        Pass(1);
        Assert.True(presence.Gone.IsCancellationRequested);
    }

    private async Task<ClientPresence> HalfClosedAsync(Action<RawClient>? end = null)
    {
        var presence = await ConnectAsync(Options());
        (end ?? (client => client.FinishSending()))(_client!);
        await Eventually.TrueAsync(() => ClientProgress.IsHalfClosed(_server, out _), "the end of the stream");
        await _streamEnded.CancelAsync();
        return presence;
    }

    private async Task<ClientPresence> ConnectAsync(TimeoutSettings timeouts)
    {
        await ConnectAsync();
        return Presence(_server, timeouts);
    }

    private async Task ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _client = await RawClient.ConnectAsync(listener.LocalEndPoint!);
        _server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
    }

    private ClientPresence Presence(Socket? socket, TimeoutSettings timeouts) => new(
        new ConnectionServices(null!, _sweeper, null!, _time, null!) { Turns = null!, DoOthersWait = () => _othersWait },
        socket,
        timeouts,
        _streamEnded.Token);

    private TimeoutSettings Options(TimeSpan? halfClosed = null) => TimeoutSettings.From(
        new SliceOptions { Timeouts = new TimeoutOptions { HalfClosed = halfClosed ?? TimeSpan.FromSeconds(30) } }, _time);

    private async Task TakeByteAsync()
    {
        long before = ClientProgress.BytesTaken(_server);
        await _server!.SendAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken);
        await _client!.ReadBytesAsync(1);
        await Eventually.TrueAsync(() => ClientProgress.BytesTaken(_server) > before, "the byte is acknowledged");
    }

    private void Pass(int seconds)
    {
        for (int second = 0; second < seconds; second++)
        {
            _time.Advance(s_second);
        }
    }
}
