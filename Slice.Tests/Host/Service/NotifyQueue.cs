using System.Net.Sockets;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>A service manager's socket that nobody reads until the test does.</summary>
internal sealed class NotifyQueue : IDisposable
{
    private readonly TestDirectory _directory = new("notify");
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public NotifyQueue() => _manager.Bind(new UnixDomainSocketEndPoint(Address));

    /// <summary>What NOTIFY_SOCKET says.</summary>
    public string Address => _directory.Combine("notify");

    /// <summary>Fills the queue to its last place with words of somebody else.</summary>
    public void Fill()
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            while (true)
            {
                other.SendTo("other"u8, SocketFlags.None, new UnixDomainSocketEndPoint(Address));
            }
        }
        catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock)
        {
            // No room for one more.
        }
    }

    /// <summary>Everything that has been said by now, without the words of somebody else.</summary>
    public List<string> ReadAll()
    {
        List<string> told = [];
        byte[] state = new byte[512];
        while (_manager.Poll(TimeSpan.Zero, SelectMode.SelectRead))
        {
            told.Add(Wire.Text(state.AsSpan(0, _manager.Receive(state))));
        }

        told.RemoveAll(word => word == "other");
        return told;
    }

    public void Dispose()
    {
        _manager.Dispose();
        _directory.Dispose();
    }
}
