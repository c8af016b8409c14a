using System.Buffers;
using System.Text;
using Slice.Core.Http;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>The parser over one request head that has come as a whole.</summary>
internal sealed class RequestHeadPart(string fields) : IHotPathPart
{
    /// <summary>What is asked for.</summary>
    public const string Target = "/debian/dists/stable/main.iso";

    private readonly RequestHeadParser _parser = new(new RequestHeadLimits(8 << 10, 32 << 10, 100));
    private readonly RequestHead _head = new();
    private readonly ReadOnlySequence<byte> _bytes = new(BytesOf(Target, fields));

    /// <summary>The field lines of a client: the load tool, curl, or a browser.</summary>
    public static string FieldsOf(string client) => client switch
    {
        "bare" => "",
        "curl" => "User-Agent: curl/8.5.0\r\nAccept: */*\r\nRange: bytes=1048575-1048576\r\n",
        _ => "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
            + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n"
            + "Accept-Encoding: gzip, deflate, br, zstd\r\nReferer: http://mirror.example/debian/\r\nConnection: keep-alive\r\n"
            + "Upgrade-Insecure-Requests: 1\r\nPriority: u=0, i\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n",
    };

    /// <summary>The bytes of a GET.</summary>
    public static byte[] BytesOf(string target, string fields) =>
        Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: mirror.example\r\n{fields}\r\n");

    /// <summary>The head of a GET, parsed.</summary>
    public static RequestHead Parse(string target, string fields)
    {
        var head = new RequestHead();
        var parser = new RequestHeadParser(new RequestHeadLimits(8 << 10, 32 << 10, 100));
        return parser.Parse(new ReadOnlySequence<byte>(BytesOf(target, fields)), head, out _, out _, out _) == RequestHeadStatus.Complete
            ? head
            : throw new InvalidOperationException("The head was not taken.");
    }

    /// <inheritdoc/>
    public void Run()
    {
        if (_parser.Parse(_bytes, _head, out _, out _, out _) != RequestHeadStatus.Complete)
        {
            throw new InvalidOperationException("The head was not taken.");
        }
    }
}
