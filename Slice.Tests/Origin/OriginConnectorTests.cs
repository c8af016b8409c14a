using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>The addresses of a name are tried in turn, each a moment after the one before (B65, RFC 8305).</summary>
public sealed class OriginConnectorTests : IDisposable
{
    private const string A = "192.0.2.1";
    private const string B = "192.0.2.2";

    private readonly ManualTime _time = new();
    private readonly FakeDialer _dialer = new();
    private readonly CancellationTokenSource _deadline = new();
    private readonly OriginConnector _connector;

    public OriginConnectorTests()
    {
        _connector = new OriginConnector(new SliceOptions(), _time, _dialer.ResolveAsync, _dialer.DialAsync);
        Resolve(A, B);
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _dialer.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task First_address_that_connects_is_used_and_no_other_is_tried()
    {
        var connecting = ConnectAsync();
        var first = await _dialer.NextAsync();
        first.Connect();

        await using var stream = await connecting;

        Assert.Same(first.Socket, Assert.IsType<NetworkStream>(stream).Socket);
        Assert.Equal(new IPEndPoint(IPAddress.Parse(A), 80), first.EndPoint);
        Assert.Equal([A], _dialer.Tried);
        Assert.Equal(["origin.test"], _dialer.Lookups);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Address_that_refuses_costs_no_wait()
    {
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Fail(SocketError.ConnectionRefused);
        var second = await _dialer.NextAsync();
        second.Connect();

        // Time has not moved.
        await using var stream = await connecting;

        Assert.Same(second.Socket, Assert.IsType<NetworkStream>(stream).Socket);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Address_that_swallows_packets_costs_250_ms_once_and_not_at_the_next_connection()
    {
        var connecting = ConnectAsync();
        var swallowing = await _dialer.NextAsync();
        Assert.Equal([A], _dialer.Tried);
        Assert.Equal(TimeSpan.FromMilliseconds(250), await _time.RingNextAsync());
        var good = await _dialer.NextAsync();
        Assert.False(swallowing.IsCancelled);
        good.Connect();
        await using var stream = await connecting;

        Assert.True(swallowing.IsCancelled);
        Assert.Equal([A, B], _dialer.Tried);

        connecting = ConnectAsync();
        (await _dialer.NextAsync()).Connect();
        await using var next = await connecting;

        Assert.Equal([A, B, B], _dialer.Tried);
    }

    [Theory]
    [InlineData(59, B)]
    [InlineData(61, A)]
    [Trait("Behaviour", "B65")]
    public async Task Address_that_failed_comes_last_for_a_minute(int seconds, string expected)
    {
        await ConnectToSecondAsync();

        _time.Advance(TimeSpan.FromSeconds(seconds));
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Connect();
        await using var stream = await connecting;

        Assert.Equal(expected, _dialer.Tried[^1]);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Address_that_is_back_when_the_others_fail_has_its_place_again()
    {
        await ConnectToSecondAsync();
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Fail(SocketError.ConnectionRefused);
        (await _dialer.NextAsync()).Connect();
        await using var stream = await connecting;

        connecting = ConnectAsync();
        (await _dialer.NextAsync()).Connect();
        await using var next = await connecting;

        Assert.Equal([A, B, B, A, A], _dialer.Tried);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Late_connection_of_the_first_address_wins_and_the_second_is_ended()
    {
        var connecting = ConnectAsync();
        var first = await _dialer.NextAsync();
        await _time.RingNextAsync();
        var second = await _dialer.NextAsync();
        second.ConnectsWhenCancelled = true;
        first.Connect();

        await using var stream = await connecting;

        Assert.Same(first.Socket, Assert.IsType<NetworkStream>(stream).Socket);
        Assert.False(first.IsClosed);
        Assert.True(second.IsClosed);

        // The second had no time to show anything, and the first was slow but won: the order stays.
        connecting = ConnectAsync();
        (await _dialer.NextAsync()).Connect();
        await using var next = await connecting;
        Assert.Equal([A, B, A], _dialer.Tried);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Failure_of_all_names_each_address_and_its_error()
    {
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Fail(SocketError.ConnectionRefused);
        (await _dialer.NextAsync()).Fail(SocketError.NetworkUnreachable);

        var error = await Assert.ThrowsAsync<OriginConnectException>(() => connecting);

        Assert.Equal(FetchError.ConnectionRefused, error.Error);
        Assert.Equal($"{A}: Connection refused; {B}: Network is unreachable", error.Message);
    }

    [Theory]
    [InlineData(SocketError.TimedOut, SocketError.TimedOut, FetchError.ConnectionTimeout)]
    [InlineData(SocketError.HostUnreachable, SocketError.TimedOut, FetchError.ConnectionRefused)]
    [InlineData(SocketError.ConnectionRefused, SocketError.TooManyOpenSockets, FetchError.DescriptorsExhausted)]
    [Trait("Behaviour", "B65")]
    public async Task Failure_of_all_is_of_the_kind_that_says_most(SocketError first, SocketError second, FetchError expected)
    {
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Fail(first);
        (await _dialer.NextAsync()).Fail(second);

        Assert.Equal(expected, (await Assert.ThrowsAsync<OriginConnectException>(() => connecting)).Error);
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public async Task Lack_of_a_descriptor_says_nothing_about_the_address()
    {
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Fail(SocketError.TooManyOpenSockets);
        (await _dialer.NextAsync()).Fail(SocketError.ConnectionRefused);
        await Assert.ThrowsAsync<OriginConnectException>(() => connecting);

        connecting = ConnectAsync();
        (await _dialer.NextAsync()).Connect();
        await using var stream = await connecting;

        Assert.Equal([A, B, A], _dialer.Tried);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Deadline_in_the_middle_ends_every_attempt_closes_every_socket_and_tells_how_far_it_came()
    {
        Resolve(A, B, "192.0.2.3");
        var connecting = ConnectAsync();
        var first = await _dialer.NextAsync();
        await _time.RingNextAsync();
        var second = await _dialer.NextAsync();
        second.Fail(SocketError.ConnectionRefused);
        var third = await _dialer.NextAsync();
        (first.ConnectsWhenCancelled, third.ConnectsWhenCancelled) = (true, true);

        await _deadline.CancelAsync();

        var cancelled = await Assert.ThrowsAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(_deadline.Token, cancelled.CancellationToken);
        var progress = Assert.IsType<OriginConnectException>(cancelled.InnerException);
        Assert.Equal($"{B}: Connection refused; {A}: no answer; 192.0.2.3: no answer", progress.Message);
        Assert.True(first.IsClosed);
        Assert.True(third.IsClosed);
    }

    [Theory]
    [InlineData(249, A)]
    [InlineData(250, B)]
    [Trait("Behaviour", "B65")]
    public async Task Caller_that_leaves_says_nothing_about_an_address_that_had_no_time(int milliseconds, string expected)
    {
        Resolve(A);
        var connecting = ConnectAsync();
        await _dialer.NextAsync();
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        await _deadline.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => connecting);

        Resolve(A, B);
        connecting = ConnectUntilAsync(CancellationToken.None);
        (await _dialer.NextAsync()).Connect();
        await using var stream = await connecting;

        Assert.Equal(expected, _dialer.Tried[^1]);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Ninth_attempt_takes_the_place_of_the_oldest()
    {
        Resolve([.. Enumerable.Range(1, 9).Select(number => $"192.0.2.{number}")]);
        var connecting = ConnectAsync();
        List<FakeDialer.Attempt> attempts = [await _dialer.NextAsync()];
        while (attempts.Count < 9)
        {
            Assert.DoesNotContain(attempts, attempt => attempt.IsCancelled);
            await _time.RingNextAsync();
            attempts.Add(await _dialer.NextAsync());
        }

        Assert.Equal([attempts[0]], attempts.Where(attempt => attempt.IsCancelled));
        attempts[8].Connect();
        await using var stream = await connecting;
        Assert.All(attempts[..8], attempt => Assert.True(attempt.IsCancelled));
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("[2001:db8::7]", "2001:db8::7")]
    [Trait("Behaviour", "B65")]
    public async Task Address_in_place_of_a_name_is_not_looked_up(string host, string expected)
    {
        var connecting = _connector.ConnectAsync(new DnsEndPoint(host, 80), _deadline.Token).AsTask();
        var only = await _dialer.NextAsync();
        only.Fail(SocketError.ConnectionRefused);

        Assert.Equal("Connection refused", (await Assert.ThrowsAsync<OriginConnectException>(() => connecting)).Message);
        Assert.Equal(IPAddress.Parse(expected), only.EndPoint.Address);
        Assert.Empty(_dialer.Lookups);
    }

    private void Resolve(params string[] addresses) => _dialer.Addresses = [.. addresses.Select(IPAddress.Parse)];

    private Task<Stream> ConnectAsync() => ConnectUntilAsync(_deadline.Token);

    private Task<Stream> ConnectUntilAsync(CancellationToken ct) =>
        _connector.ConnectAsync(new DnsEndPoint("origin.test", 80), ct).AsTask();

    private async Task ConnectToSecondAsync()
    {
        var connecting = ConnectAsync();
        (await _dialer.NextAsync()).Fail(SocketError.ConnectionRefused);
        (await _dialer.NextAsync()).Connect();
        await (await connecting).DisposeAsync();
    }
}
