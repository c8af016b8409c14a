using System.Net.Sockets;
using System.Text;
using Slice.Net.AccessLog;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>The journal's own protocol, against a socket in the journal's place.</summary>
public sealed class JournalTargetTests : IDisposable
{
    private readonly TestDirectory _directory = new("journal");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Each_line_is_an_entry_under_an_identifier_of_its_own()
    {
        using var journal = Listen();
        using var target = new JournalTarget(SocketPath);

        Assert.Equal(8, target.Write("one\ntwo\n"u8, out string? problem));

        Assert.Null(problem);
        Assert.Equal("PRIORITY=6\nSYSLOG_IDENTIFIER=pingora-slice-access\nMESSAGE=one\n", Receive(journal));
        Assert.Equal("PRIORITY=6\nSYSLOG_IDENTIFIER=pingora-slice-access\nMESSAGE=two\n", Receive(journal));
    }

    [Fact]
    public void Journal_that_is_not_there_is_a_problem_until_it_is()
    {
        using var target = new JournalTarget(SocketPath);
        Assert.Equal(0, target.Write("one\n"u8, out string? problem));
        Assert.NotNull(problem);

        using var journal = Listen();
        Assert.Equal(4, target.Write("one\n"u8, out problem));
        Assert.EndsWith("MESSAGE=one\n", Receive(journal), StringComparison.Ordinal);
    }

    [Fact]
    public void Journal_that_was_restarted_is_found_again()
    {
        using var target = new JournalTarget(SocketPath);
        using (var first = Listen())
        {
            Assert.Null(target.Open());
        }

        File.Delete(SocketPath);
        using var second = Listen();
        Assert.Equal(0, target.Write("one\n"u8, out _));
        Assert.Equal(4, target.Write("one\n"u8, out _));
        Assert.EndsWith("MESSAGE=one\n", Receive(second), StringComparison.Ordinal);
    }

    private string SocketPath => _directory.Combine("socket");

    private Socket Listen()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)Deadline.Default.TotalMilliseconds,
        };
        socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    private static string Receive(Socket journal)
    {
        byte[] buffer = new byte[64 << 10];
        return Encoding.UTF8.GetString(buffer, 0, journal.Receive(buffer));
    }
}
