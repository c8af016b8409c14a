using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Host;
using Slice.Net.Connections;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>A client that asks again at once does not keep the thread of the sockets from the other clients.</summary>
public sealed class ThreadTurnTests : IDisposable
{
    private const int Short = 4 << 10;

    private static readonly PipeOptions s_inline =
        new(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    private readonly FakeTimeProvider _time = new();
    private readonly ThreadTurns _turns = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ThreadTurnTests()
    {
        _listener.Start();
        _turns.Enter();
        _turns.Enter();
    }

    public void Dispose()
    {
        _turns.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public void Turn_is_over_when_a_thread_has_served_one_connection_alone_for_long_enough()
    {
        var turn = new ThreadTurn(_turns, _time);
        Assert.False(IsOver(turn));
        Assert.False(IsOver(turn));
        _time.Advance(ThreadTurn.Longest - TimeSpan.FromTicks(1));
        Assert.False(IsOver(turn));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(IsOver(turn));

        // The next turn begins anew.
        _time.Advance(ThreadTurn.Longest);
        Assert.False(IsOver(turn));
        Assert.False(IsOver(turn));
        _time.Advance(ThreadTurn.Longest);
        Assert.True(IsOver(turn));
    }

    [Fact]
    public void Turn_is_not_over_when_the_thread_has_served_another_connection_between()
    {
        var turn = new ThreadTurn(_turns, _time);
        var other = new ThreadTurn(_turns, _time);
        for (int count = 0; count < 10; count++)
        {
            _time.Advance(ThreadTurn.Longest);
            Assert.False(IsOver(turn));
            Assert.False(IsOver(turn));
            Assert.False(IsOver(other));
        }
    }

    [Fact]
    public void Turn_goes_on_after_a_long_answer_and_ends_after_the_next_short_one()
    {
        var turn = new ThreadTurn(_turns, _time);
        Assert.False(IsOver(turn));
        Assert.False(IsOver(turn));
        _time.Advance(ThreadTurn.Longest);
        Assert.False(IsOver(turn, answerBytes: 1 << 20));
        Assert.True(IsOver(turn));
    }

    [Fact]
    public void Turn_of_the_only_connection_is_longer()
    {
        _turns.Leave();
        var turn = new ThreadTurn(_turns, _time);
        Assert.False(IsOver(turn));
        Assert.False(IsOver(turn));
        _time.Advance(ThreadTurn.LongestAlone / 2);
        Assert.False(IsOver(turn));
        _time.Advance(ThreadTurn.LongestAlone / 2);
        Assert.True(IsOver(turn));
    }

    [Fact]
    public void Turn_of_a_client_that_pauses_between_its_requests_is_never_over()
    {
        var turn = new ThreadTurn(_turns, _time);
        for (int count = 0; count < 10; count++)
        {
            _time.Advance(ThreadTurn.Pause + TimeSpan.FromTicks(1));
            Assert.False(IsOver(turn));
        }
    }

    [Fact]
    public async Task Connection_whose_turn_is_over_when_the_instance_has_ended_goes_on_all_the_same()
    {
        _turns.Dispose();
        var goneOn = new TaskCompletionSource();
        new ThreadTurn(_turns, _time).UnsafeOnCompleted(goneOn.SetResult);
        await Deadline.WithinAsync(goneOn.Task, "the connection to go on");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_that_follow_each_other_without_a_pause_leave_the_thread_that_brings_them(bool hasOthers)
    {
        ThreadNotes? notes = null;
        var options = new SliceOptions { UpstreamAddresses = [new Uri("http://127.0.0.1:9")], HonorRequestCacheControl = true };
        await using var instance = new Composition(
            options, NullLoggerFactory.Instance, _time, next => notes = new ThreadNotes(next, _time, ThreadTurn.Longest * 0.6));
        using var connection = await ServerConnection.OpenAsync(_listener, s_inline);
        using var other = await ServerConnection.OpenAsync(_listener, s_inline);
        var served = instance.Parts.Proxy.OnConnectedAsync(connection.Context);
        var otherServed = hasOthers ? instance.Parts.Proxy.OnConnectedAsync(other.Context) : Task.CompletedTask;

        // Such a thread takes what comes out of a socket and goes on as whoever waits for it.
        const int Requests = 6;
        string request = RawClient.Request("GET", "/nothing", "Cache-Control: only-if-cached");
        byte[] burst = Wire.Bytes(string.Concat(Enumerable.Repeat(request, Requests)));
        int thread = 0;
        var sockets = new Thread(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            connection.Input.WriteAsync(burst).AsTask().GetAwaiter().GetResult();
        });
        sockets.Start();
        await Eventually.TrueAsync(() => notes!.Threads.Count == Requests, "every answer");
        sockets.Join();

        bool[] wereThere = [.. notes!.Threads.Select(one => one == thread)];
        Assert.Equal([true, true, true, !hasOthers], wereThere[..4]);
        Assert.Equal(!hasOthers, wereThere.All(static was => was));
        connection.Input.Complete();
        other.Input.Complete();
        await Deadline.WithinAsync(Task.WhenAll(served, otherServed), "the connections to end");
    }

    // A request is answered, and the next one is here.
    private bool IsOver(ThreadTurn turn, long answerBytes = Short)
    {
        turn.Answered(_time.GetTimestamp(), answerBytes);
        return turn.IsOver();
    }

    // Notes which thread has served an exchange, each of which takes a while.
    private sealed class ThreadNotes(IExchangeObserver next, FakeTimeProvider time, TimeSpan takes) : IExchangeObserver
    {
        public ConcurrentQueue<int> Threads { get; } = new();

        public void Began() => next.Began();

        public void Finished(in ExchangeRecord record)
        {
            time.Advance(takes);
            Threads.Enqueue(Environment.CurrentManagedThreadId);
            next.Finished(record);
        }

        public void Limited(string limit) => next.Limited(limit);
    }

    // A connection whose bytes come by a pipe and whose answers go to a socket.
    private sealed class ServerConnection : IDisposable, IDuplexPipe, IConnectionSocketFeature
    {
        private readonly Pipe _toServer;
        private readonly Pipe _toClient;
        private readonly Socket _client;

        private ServerConnection(Socket client, Socket server, PipeOptions options)
        {
            (_client, Socket) = (client, server);
            (_toServer, _toClient) = (new Pipe(options), new Pipe(options));
            Context = new DefaultConnectionContext("test", this, this) { RemoteEndPoint = client.LocalEndPoint };
            Context.Features.Set<IConnectionSocketFeature>(this);
        }

        public DefaultConnectionContext Context { get; }

        public Socket Socket { get; }

        /// <summary>What the client sends.</summary>
        public PipeWriter Input => _toServer.Writer;

        PipeReader IDuplexPipe.Input => _toServer.Reader;

        PipeWriter IDuplexPipe.Output => _toClient.Writer;

        public static async Task<ServerConnection> OpenAsync(TcpListener listener, PipeOptions options)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
            return new ServerConnection(client, await listener.AcceptSocketAsync(TestContext.Current.CancellationToken), options);
        }

        public void Dispose()
        {
            _client.Dispose();
            Socket.Dispose();
        }
    }
}
