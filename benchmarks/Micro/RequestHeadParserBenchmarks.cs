using BenchmarkDotNet.Attributes;
using Slice.Benchmarks.Micro.Parts;

namespace Slice.Benchmarks.Micro;

/// <summary>One request head as it comes: of the load tool, of curl, of a browser. Nothing may be allocated.</summary>
[MemoryDiagnoser]
public class RequestHeadParserBenchmarks
{
    private RequestHeadPart _part = new("");

    /// <summary>Which client.</summary>
    [Params("bare", "curl", "browser")]
    public string Client { get; set; } = "";

    /// <summary>Makes the bytes.</summary>
    [GlobalSetup]
    public void SetUp() => _part = new RequestHeadPart(RequestHeadPart.FieldsOf(Client));

    /// <summary>Parses it.</summary>
    [Benchmark]
    public void Parse() => _part.Run();
}
