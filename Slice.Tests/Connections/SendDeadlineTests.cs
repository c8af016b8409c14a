using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Net.Connections;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>
/// The sweeper passes a deadline on one thread while the connection's loop ends the exchange on another: whoever comes first, the client
/// that was too slow is told as such (B40).
/// </summary>
public sealed class SendDeadlineTests : IDisposable
{
    private const int Bytes = 32 << 20;

    private readonly FakeTimeProvider _time = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConnectionDeadlines _deadlines;
    private readonly DeadlineSweeper _sweeper;
    private Action _sweeperGoesOn = static () => { };

    public SendDeadlineTests()
    {
        _listener.Start();

        _sweeper = new DeadlineSweeper(_time);

        // The sweeper has passed the deadline, and gets no further than the test says.
        _deadlines = new(TimeoutSettings.From(new SliceOptions(), _time), _time, () => 0, _ => _sweeperGoesOn());
    }

    public void Dispose()
    {
        _sweeper.Dispose();
        _listener.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Client_of_a_socket_that_takes_the_rest_while_the_sweeper_is_on_its_way_is_told_as_too_slow()
    {
        using var client = await RawClient.ConnectAsync(_listener.LocalEndpoint, receiveBufferBytes: 4 << 10);
        using Socket socket = await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        var exchange = NewExchange(new SocketClientWriter(socket, _deadlines));
        var writing = exchange.Writer.WriteAsync(new byte[Bytes]).AsTask();

        PassTheSendTimeout();
        await client.ReadBytesAsync(Bytes);

        Assert.Equal(WriteResult.ClientGone, await Deadline.WithinAsync(writing, "the write ends"));
        exchange.Abort();
        Assert.Equal(ExchangeEnding.ClientTooSlow, exchange.Finish().Ending);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Client_of_a_pipe_that_takes_the_rest_while_the_sweeper_is_on_its_way_is_told_as_too_slow()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4, resumeWriterThreshold: 2));
        var exchange = NewExchange(new PipeClientWriter(pipe.Writer, _deadlines));
        var writing = exchange.Writer.WriteAsync("more than four"u8.ToArray()).AsTask();

        PassTheSendTimeout();
        pipe.Reader.AdvanceTo((await pipe.Reader.ReadAsync(TestContext.Current.CancellationToken)).Buffer.End);

        Assert.Equal(WriteResult.ClientGone, await Deadline.WithinAsync(writing, "the write ends"));
        exchange.Abort();
        Assert.Equal(ExchangeEnding.ClientTooSlow, exchange.Finish().Ending);
    }

    [Theory]
    [Trait("Behaviour", "B40")]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(ObjectDisposedException))]
    public async Task Write_that_fails_by_the_sweepers_own_abort_is_told_as_too_slow(Type error)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4, resumeWriterThreshold: 2));
        var exchange = NewExchange(new PipeClientWriter(pipe.Writer, _deadlines));
        var writing = exchange.Writer.WriteAsync("more than four"u8.ToArray()).AsTask();
        _sweeperGoesOn = () => pipe.Reader.Complete((Exception)Activator.CreateInstance(error, "aborted")!);

        PassTheSendTimeout();

        Assert.Equal(WriteResult.ClientGone, await Deadline.WithinAsync(writing, "the write ends"));
        exchange.Abort();
        Assert.Equal(ExchangeEnding.ClientTooSlow, exchange.Finish().Ending);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Client_that_leaves_within_the_send_timeout_is_told_as_such()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4, resumeWriterThreshold: 2));
        var exchange = NewExchange(new PipeClientWriter(pipe.Writer, _deadlines));
        var writing = exchange.Writer.WriteAsync("more than four"u8.ToArray()).AsTask();

        await pipe.Reader.CompleteAsync(new IOException("gone"));

        Assert.Equal(WriteResult.ClientGone, await Deadline.WithinAsync(writing, "the write ends"));
        exchange.Abort();
        Assert.Equal(ExchangeEnding.ClientLeft, exchange.Finish().Ending);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Sweeper_that_comes_after_the_end_of_a_whole_answer_marks_nothing()
    {
        var exchange = NewExchange(new PipeClientWriter(new Pipe().Writer, _deadlines));
        Assert.Equal(WriteResult.Written, await exchange.Writer.WriteAsync("whole"u8.ToArray()));

        exchange.Writer.TimeOut();

        Assert.Equal(ExchangeEnding.Complete, exchange.Finish().Ending);
    }

    [Fact]
    public void First_reason_is_told_and_what_follows_from_it_is_not()
    {
        var exchange = NewExchange(new PipeClientWriter(new Pipe().Writer, _deadlines));

        exchange.NoteEnding(ExchangeEnding.OriginFailed);
        exchange.NoteEnding(ExchangeEnding.Failed);
        exchange.Abort();

        Assert.Equal(ExchangeEnding.OriginFailed, exchange.Finish().Ending);
    }

    // On the sweeper's behalf.
    private void PassTheSendTimeout()
    {
        _time.Advance(new SliceOptions().Timeouts.Send);
        _deadlines.Sweep(_time.GetTimestamp());
    }

    private HttpExchange NewExchange(ClientWriter writer) =>
        new(new Connection(writer, new RequestBodyReader(new Pipe().Reader, () => _deadlines, _sweeper)), new RequestHead(), _time);

    private sealed class Connection(ClientWriter writer, ClientRequestBody body) : IClientConnection
    {
        public ClientWriter Writer => writer;

        public ClientRequestBody Body => body;

        public EndPoint? RemoteEndPoint => null;

        public bool IsTls => false;

        public CancellationToken Closed => CancellationToken.None;

        public void Abort()
        {
            // Nothing is connected.
        }
    }
}
