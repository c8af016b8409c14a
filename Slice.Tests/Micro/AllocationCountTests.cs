using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Slice.Benchmarks.Micro.Parts;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests.Micro;

/// <summary>
/// No part of the hot path allocates more, or less, than <c>benchmarks/allocations.json</c> says. The parts run on the thread of the test,
/// and only its allocations are counted: it does not matter what else runs. A whole hit over sockets is in <c>HitPathAllocationTests</c>.
/// </summary>
public sealed class AllocationCountTests
{
    private const string Recorded = "benchmarks/allocations.json";
    private const int OperationsPerRun = 1000;

    // Until the code of the last tier runs, which is compiled when the processors have time for it, a part may allocate more: the least of
    // all runs counts. Arbitrary; as a rule it is the recorded figure within a tenth of a second.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private static bool IsUnoptimized =>
        typeof(Http1Connection).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;

    // With SLICE_WRITE_DOCS=1 the file is written instead of compared.
    [Fact]
    public void Parts_allocate_what_is_recorded()
    {
        // Without optimization the compiler makes every async state machine an object, also those that never wait.
        Assert.SkipWhen(IsUnoptimized, "the product is built without optimization");
        bool isWritten = Environment.GetEnvironmentVariable("SLICE_WRITE_DOCS") == "1";
        var recorded = isWritten ? [] : JsonSerializer.Deserialize<Dictionary<string, long>>(Repository.Read(Recorded))!;
        var seen = HotPathParts.All.ToDictionary(
            part => part.Name, part => BytesPerOperation(part.Make, recorded.GetValueOrDefault(part.Name)));
        if (isWritten)
        {
            File.WriteAllText(Path.Combine(Repository.Root, Recorded), JsonSerializer.Serialize(seen, s_indented) + "\n");
            return;
        }

        Assert.Equal(recorded.Keys, seen.Keys);
        Assert.All(seen, part => Assert.True(
            part.Value == recorded[part.Key],
            $"{part.Key} allocates {part.Value} bytes per operation, {Recorded} says {recorded[part.Key]}; "
            + "if that is meant to be so, run this test with SLICE_WRITE_DOCS=1"));
    }

    private static long BytesPerOperation(Func<IHotPathPart> make, long expected)
    {
        var part = make();
        using var owned = part as IDisposable;
        long least = long.MaxValue;
        long started = Stopwatch.GetTimestamp();
        while (least > expected && Stopwatch.GetElapsedTime(started) < s_patience)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int operation = 0; operation < OperationsPerRun; operation++)
            {
                part.Run();
            }

            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / OperationsPerRun);
        }

        return least;
    }
}
