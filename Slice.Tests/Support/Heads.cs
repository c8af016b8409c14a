using System.Buffers;
using System.Text;
using Slice.Core.Http;

namespace Slice.Tests.Support;

/// <summary>Request heads for tests of what is decided from one.</summary>
internal static class Heads
{
    /// <summary>The head of <c>GET / HTTP/1.1</c> with a Host and these field lines.</summary>
    public static RequestHead Get(params string[] lines) => Parse(string.Join("\r\n", [.. lines, "Host: h"]));

    /// <summary>The head of <c>GET / HTTP/1.1</c> with exactly these field lines, which include a Host.</summary>
    public static RequestHead Parse(string lines) => ParseRequest($"GET / HTTP/1.1\r\n{lines}\r\n\r\n");

    /// <summary>The head of a whole request.</summary>
    public static RequestHead ParseRequest(string request)
    {
        var head = new RequestHead();
        RequestHeadStatus status = new RequestHeadParser(new RequestHeadLimits()).Parse(
            new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(request)),
            head,
            out _,
            out _,
            out RequestRejection rejection);
        Assert.True(status == RequestHeadStatus.Complete, rejection.ToString());
        return head;
    }
}
