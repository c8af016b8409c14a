using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Slice.Benchmarks.Load;

/// <summary>
/// A blocking TLS connection. It trusts one certificate, which it is given: the server under test signs for itself. What is discarded is
/// deciphered all the same, so the load tool takes more of the processors than without TLS.
/// </summary>
internal sealed class BlockingTls : ILoadConnection
{
    private const int TimeoutMs = 60_000;
    private const int DiscardBytes = 64 << 10;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly SslStream _stream;
    private readonly byte[] _discarded = new byte[DiscardBytes];

    public BlockingTls(IPEndPoint endPoint, string certificatePath)
    {
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = TimeoutMs;
        _socket.SendTimeout = TimeoutMs;
        _socket.Connect(endPoint);
        using var trusted = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
        string fingerprint = trusted.GetCertHashString();
        _stream = new SslStream(
            new NetworkStream(_socket, ownsSocket: true),
            leaveInnerStreamOpen: false,
            (_, certificate, _, _) => certificate?.GetCertHashString() == fingerprint);
        _stream.AuthenticateAsClient(endPoint.Address.ToString());
    }

    public void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public int Receive(Span<byte> buffer) => _stream.Read(buffer) is > 0 and int received
        ? received
        : throw new EndOfStreamException("the server closed the connection inside a response");

    public void Discard(long count)
    {
        while (count > 0)
        {
            count -= Receive(_discarded.AsSpan(0, (int)Math.Min(count, DiscardBytes)));
        }
    }

    public void Dispose() => _stream.Dispose();
}
