using System.IO.Pipelines;
using System.Net;
using Slice.Core.Storage;
using Slice.Net.Connections;
using Slice.Net.Exchange;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>A connection for parts of an exchange that neither read nor write.</summary>
internal sealed class UnusedConnection : IClientConnection, IDisposable
{
    private readonly DeadlineSweeper _sweeper = new(TimeProvider.System);

    public UnusedConnection() => Body = new RequestBodyReader(new Pipe().Reader, static () => throw Used(), _sweeper);

    /// <inheritdoc/>
    public ClientWriter Writer { get; } = new UnusedWriter();

    /// <inheritdoc/>
    public ClientRequestBody Body { get; }

    /// <inheritdoc/>
    public EndPoint? RemoteEndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 40000);

    /// <inheritdoc/>
    public bool IsTls => false;

    /// <inheritdoc/>
    public CancellationToken Closed => CancellationToken.None;

    /// <inheritdoc/>
    public void Abort() => throw Used();

    /// <inheritdoc/>
    public void Dispose() => _sweeper.Dispose();

    private static InvalidOperationException Used() => new("The part uses its connection.");

    private sealed class UnusedWriter : ClientWriter
    {
        public override bool TryFinishSending() => throw Used();

        protected override ValueTask<WriteResult> SendAsync(ReadOnlyMemory<byte> bytes) => throw Used();

        protected override ValueTask<WriteResult> SendSliceAsync(
            ReadOnlyMemory<byte> head, StoredSlice slice, int skipBytes, int takeBytes) => throw Used();
    }
}
