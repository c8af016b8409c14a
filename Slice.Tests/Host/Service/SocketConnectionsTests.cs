using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>The first connections wait with a buffer in hand, and those behind them without.</summary>
public sealed class SocketConnectionsTests : IDisposable
{
    private readonly CountingBlocks _blocks = new();
    private readonly List<SafeFileHandle> _occupied = [];
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _occupied.ForEach(static handle => handle.Dispose());
        _client.Dispose();
        _listener.Dispose();
        _blocks.Dispose();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1024, 0)]
    public async Task Connection_waits_with_a_buffer_only_while_few_descriptors_are_open(int others, int waitingWith)
    {
        for (int index = 0; index < others; index++)
        {
            _occupied.Add(File.OpenHandle("/dev/null"));
        }

        using var connections = new SocketConnections(new SocketTransportOptions(), NullLoggerFactory.Instance, _blocks);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        await _client.ConnectAsync(_listener.LocalEndPoint!, Ct);
        var connection = connections.Create(await _listener.AcceptAsync(Ct));
        await using (connection)
        {
            for (int round = 0; round < 3; round++)
            {
                await Eventually.TrueAsync(() => _blocks.InUse == waitingWith, "the connection to wait");
                await _client.SendAsync("ping"u8.ToArray(), Ct);
                var read = await connection.Transport.Input.ReadAsync(Ct);
                Assert.Equal("ping", Encoding.ASCII.GetString(read.Buffer.ToArray()));
                Assert.InRange(_blocks.InUse, 1, 2);
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
            }

            await connection.Transport.Input.CompleteAsync();
            await connection.Transport.Output.CompleteAsync();
        }
    }

    [Fact]
    public void Block_is_as_long_as_is_said_and_comes_back()
    {
        var blocks = ReceiveBlocks.Only;
        var first = blocks.Rent(2048);
        using var second = blocks.Rent();
        Assert.Equal((blocks.MaxBufferSize, blocks.MaxBufferSize), (first.Memory.Length, second.Memory.Length));
        Assert.False(first.Memory.Span.Overlaps(second.Memory.Span));
        Assert.Throws<ArgumentOutOfRangeException>(() => blocks.Rent(blocks.MaxBufferSize + 1));
        var memory = first.Memory;
        first.Dispose();

        using var third = blocks.Rent();
        Assert.True(third.Memory.Equals(memory));
    }

    private sealed class CountingBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
    {
        private int _inUse;

        public int InUse => Volatile.Read(ref _inUse);

        public override int MaxBufferSize => ReceiveBlocks.Only.MaxBufferSize;

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            Interlocked.Increment(ref _inUse);
            return new Block(this, ReceiveBlocks.Only.Rent(minBufferSize));
        }

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Block(CountingBlocks pool, IMemoryOwner<byte> inner) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory => inner.Memory;

            public void Dispose()
            {
                inner.Dispose();
                Interlocked.Decrement(ref pool._inUse);
            }
        }
    }
}
