using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Slice.Tests.Support;

/// <summary>
/// A resolver and TCP connections that a test plays: it says what a name leads to, sees each attempt as it begins, and decides how it ends.
/// Its sockets are connected to a listener that nobody serves. Thread-safe.
/// </summary>
internal sealed class FakeDialer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Channel<Attempt> _attempts = Channel.CreateUnbounded<Attempt>();

    /// <summary>A resolver that knows no address yet.</summary>
    public FakeDialer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
    }

    /// <summary>What the name leads to at the next lookup.</summary>
    public IPAddress[] Addresses { get; set; } = [];

    /// <summary>The names that were looked up.</summary>
    public List<string> Lookups { get; } = [];

    /// <summary>The addresses that were tried, in their order.</summary>
    public List<string> Tried { get; } = [];

    /// <summary>The resolver.</summary>
    public Task<IPAddress[]> ResolveAsync(string host)
    {
        Lookups.Add(host);
        return Task.FromResult(Addresses);
    }

    /// <summary>The dialer.</summary>
    public async Task<Socket> DialAsync(IPEndPoint endPoint, CancellationToken ct)
    {
        var attempt = new Attempt(endPoint, _listener.LocalEndPoint!, ct);
        Tried.Add(endPoint.Address.ToString());
        Assert.True(_attempts.Writer.TryWrite(attempt));
        return await attempt.Outcome;
    }

    /// <summary>Waits for the next attempt to begin.</summary>
    public Task<Attempt> NextAsync() =>
        Deadline.WithinAsync(_attempts.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask(), "the next attempt begins");

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    /// <summary>One attempt at an address. It ends as the test says, or cancelled.</summary>
    internal sealed class Attempt
    {
        private readonly TaskCompletionSource<Socket> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Attempt(IPEndPoint endPoint, EndPoint listener, CancellationToken ct)
        {
            (EndPoint, Token) = (endPoint, ct);
            Socket.Connect(listener);
            ct.Register(() => _ = ConnectsWhenCancelled ? _outcome.TrySetResult(Socket) : _outcome.TrySetCanceled(ct));
        }

        /// <summary>Where to.</summary>
        public IPEndPoint EndPoint { get; }

        /// <summary>The socket that it gives when it connects.</summary>
        public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        /// <summary>Whether the connection comes in the very moment in which nobody wants it any more.</summary>
        public bool ConnectsWhenCancelled { get; set; }

        /// <summary>Whether it was ended by the caller.</summary>
        public bool IsCancelled => Token.IsCancellationRequested;

        /// <summary>Whether nothing of it is open any more.</summary>
        public bool IsClosed => Socket.SafeHandle.IsClosed;

        /// <summary>What the dialer returns.</summary>
        public Task<Socket> Outcome => _outcome.Task;

        private CancellationToken Token { get; }

        /// <summary>It connects.</summary>
        public void Connect() => _outcome.SetResult(Socket);

        /// <summary>It fails.</summary>
        public void Fail(SocketError error) => _outcome.SetException(new SocketException((int)error));
    }
}
