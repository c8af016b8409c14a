using System.Buffers;
using BenchmarkDotNet.Attributes;
using Slice.Core.Http;

namespace Slice.Benchmarks.Micro;

/// <summary>One request head as it comes: of the load tool, of curl, of a browser. Nothing may be allocated.</summary>
[MemoryDiagnoser]
public class RequestHeadParserBenchmarks
{
    private readonly RequestHeadParser _parser = new(new RequestHeadLimits(8 << 10, 32 << 10, 100));
    private readonly RequestHead _head = new();
    private ReadOnlySequence<byte> _bytes;

    /// <summary>Which client.</summary>
    [Params("bare", "curl", "browser")]
    public string Client { get; set; } = "";

    /// <summary>Makes the bytes.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        string fields = Client switch
        {
            "bare" => "",
            "curl" => "User-Agent: curl/8.5.0\r\nAccept: */*\r\nRange: bytes=1048575-1048576\r\n",
            _ => "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
                + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n"
                + "Accept-Encoding: gzip, deflate, br, zstd\r\nReferer: http://mirror.example/debian/\r\nConnection: keep-alive\r\n"
                + "Upgrade-Insecure-Requests: 1\r\nPriority: u=0, i\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n",
        };
        _bytes = new ReadOnlySequence<byte>(
            System.Text.Encoding.Latin1.GetBytes($"GET /debian/dists/stable/main.iso HTTP/1.1\r\nHost: mirror.example\r\n{fields}\r\n"));
    }

    /// <summary>Parses it.</summary>
    [Benchmark]
    public RequestHeadStatus Parse() => _parser.Parse(_bytes, _head, out _, out _, out _);
}
