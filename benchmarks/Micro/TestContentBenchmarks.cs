using BenchmarkDotNet.Attributes;
using Slice.Tests.Support;

namespace Slice.Benchmarks.Micro;

/// <summary>
/// What verifying a download costs per 64 KiB: it must stay far below the proxy under test, or the tests measure themselves.
/// </summary>
[MemoryDiagnoser]
public class TestContentBenchmarks : IDisposable
{
    private readonly byte[] _bytes = TestContent.Bytes(0, 64 << 10, seed: 1);
    private readonly VerifyingSink _plain = new(FromStart);
    private readonly VerifyingSink _digesting = new(FromStart, withDigest: true);

    [Benchmark(Baseline = true)]
    public void Fill() => TestContent.Fill(0, _bytes, seed: 1);

    [Benchmark]
    public void Verify() => _plain.Append(_bytes);

    [Benchmark]
    public void Verify_with_digest() => _digesting.Append(_bytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _plain.Dispose();
        _digesting.Dispose();
    }

    // The same block each time: the cost does not depend on the position, and the input is one array.
    private static void FromStart(long position, Span<byte> destination) => TestContent.Fill(0, destination, seed: 1);
}
