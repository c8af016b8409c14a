using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A warm hit takes as many instructions of user space as <c>benchmarks/instructions.json</c> says. The published binary runs under
/// valgrind, which counts, and whose processor is the same on every machine that has AVX2: the libraries choose the same code there.
/// </summary>
/// <remarks>
/// The binary answers a number of requests and ends; another one answers twice as many. The difference is what the requests took, without
/// start and end. The requests come one after the other on one connection. All threads are counted: most requests run on the one that waits
/// for the sockets, and one now and then on another (<see cref="Slice.Net.Connections.ThreadTurn"/>).
/// </remarks>
[Collection(nameof(AloneInTheProcess))]
public sealed class InstructionCountTests
{
    private const string Recorded = "benchmarks/instructions.json";
    private const int WarmUpRequests = 200;

    // The start takes 110 million instructions, some hundred thousand more or less, and a request 22,000.
    private const int Requests = 6000;
    private const int RangeBytes = 4 << 10;

    // Four counts of one binary were 21,046 to 22,005: the next request is there when the thread looks for it, or the thread has to wait.
    // The recorded count is their median.
    private const double TolerancePercent = 6;

    // Valgrind takes some fifty times as long for everything.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    // With SLICE_WRITE_DOCS=1 the file is written instead of compared.
    [Fact]
    public async Task Warm_hit_takes_the_recorded_instructions()
    {
        string? binary = Environment.GetEnvironmentVariable("PINGORA_SLICE_BINARY");
        Assert.SkipWhen(string.IsNullOrEmpty(binary), "PINGORA_SLICE_BINARY names no published binary");
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "the recorded counts are those of x64");
        long few = await CountAsync(binary!, WarmUpRequests + Requests);
        long many = await CountAsync(binary!, WarmUpRequests + (2 * Requests));
        var seen = new Dictionary<string, long> { ["warm_hit_of_4_kib"] = (many - few) / Requests };
        if (Environment.GetEnvironmentVariable("SLICE_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(
                Path.Combine(Repository.Root, Recorded),
                JsonSerializer.Serialize(seen, s_indented) + "\n",
                TestContext.Current.CancellationToken);
            return;
        }

        var recorded = JsonSerializer.Deserialize<Dictionary<string, long>>(Repository.Read(Recorded))!;
        Assert.Equal(recorded.Keys, seen.Keys);
        Assert.All(seen, part =>
        {
            double percent = 100.0 * (part.Value - recorded[part.Key]) / recorded[part.Key];
            Assert.True(
                Math.Abs(percent) <= TolerancePercent,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{part.Key} takes {part.Value} instructions, {Recorded} says {recorded[part.Key]}, that is {percent:+0.0;-0.0} %; ")
                + "if that is meant to be so, run this test with SLICE_WRITE_DOCS=1");
        });
    }

    // Instructions of a process from its start to its end.
    private static async Task<long> CountAsync(string binary, int requests)
    {
        using var directory = new TestDirectory("instructions");
        string counts = directory.Combine("callgrind.out");
        var file = new RangeFile(1 << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);

        // The heap's default reservation, 256 GiB, is more than valgrind has.
        string[] command =
        [
            "env", "DOTNET_GCHeapHardLimit=10000000",
            "valgrind", "--tool=callgrind", $"--callgrind-out-file={counts}", "--quiet", binary,
        ];
        await using var product = await ProductProcess.StartAsync(
            command,
            $$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{origin.Authority}}}
            slice_size: 1MiB
            enable_l2_cache: false
            """,
            directory.Path,
            [],
            within: s_patience);
        byte[] request = Wire.Bytes(RawClient.Request("GET", "/file", $"Range: bytes=0-{RangeBytes - 1}"));
        using (var client = new BlockingClient(product.EndPoint, s_patience))
        {
            for (int number = 0; number < requests; number++)
            {
                client.Exchange(request, RangeBytes);
            }
        }

        Assert.Equal(0, await product.StopAsync(s_patience));
        return TotalOf(counts);
    }

    private static long TotalOf(string path)
    {
        string line = File.ReadLines(path).Last(text => text.StartsWith("totals: ", StringComparison.Ordinal));
        return long.Parse(line["totals: ".Length..], NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
