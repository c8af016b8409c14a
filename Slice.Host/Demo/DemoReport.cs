using System.Globalization;
using Slice.Core.Options;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.Demo;

/// <summary>The words and the table of the demonstration.</summary>
internal sealed class DemoReport(DemoConsole console, DemoPlan plan)
{
    // The longest name, "cold, one slice at a time, first 252.7 MiB", and a space between columns.
    private const int NameWidth = 44;

    /// <summary>Says what runs where.</summary>
    public void WriteIntroduction(Uri origin, Instance proxy)
    {
        var options = plan.Options;
        string latency = DurationText.Format(options.Latency);
        WriteLine($"Sample origin on {origin.GetLeftPart(UriPartial.Authority)} ({latency} before each answer).");
        string sliceSize = ReadableSize.Format(options.SliceSizeBytes);
        string cacheSize = ReadableSize.Format(plan.CacheBytes);
        WriteLine($"Proxy on http://{proxy.ProxyEndPoint} ({sliceSize} per slice, {cacheSize} of memory as cache).");
        string slices = plan.SliceCount == 1 ? "slice" : "slices";
        string objectSize = ReadableSize.Format(options.SizeBytes);
        WriteLine($"Objects of {objectSize}, which is {plan.SliceCount} {slices}; every byte that arrives is checked.");
        if (!plan.FitsCache)
        {
            WriteLine(
                $"They do not all fit the cache, which takes at most 2 GiB and half of the memory: what was evicted is fetched again.");
        }
    }

    /// <summary>Writes the head of the table.</summary>
    public void WriteTableHead()
    {
        WriteLine($"");
        WriteLine($"{"",NameWidth}{"",9}{"",12}{"",13}{"slices",18}{"at the origin",20}");
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"{"download",-NameWidth}{"time",9}{"first byte",12}{"throughput",13}{"reused",9}{"fetched",9}{"requests",10}{"bytes",10}");
        console.Output.WriteLine(console.Bold(head));
    }

    /// <summary>Writes one row.</summary>
    public void WriteRow(DemoRow row)
    {
        var counts = row.Counts;
        string speed = ReadableSize.Format((long)row.Throughput) + "/s";
        string proxy = string.Create(CultureInfo.InvariantCulture, $"{counts.SlicesReused,9}{counts.SlicesFetched,9}");
        string bytes = ReadableSize.Format(counts.OriginBytes);
        string origin = string.Create(CultureInfo.InvariantCulture, $"{counts.OriginRequests,10}{bytes,10}");
        WriteLine($"{row.Name,-NameWidth}{Duration(row.Time),9}{Duration(row.FirstByte),12}{speed,13}{proxy}{origin}");
    }

    /// <summary>Says what the figures mean.</summary>
    public void WriteConclusion(DemoResults results)
    {
        double speedUp = results.OneAtATime.Throughput > 0 ? results.Cold.Throughput / results.OneAtATime.Throughput : 0;
        long crowdBytes = results.Crowd.Counts.OriginBytes;
        string crowdShare = crowdBytes == plan.Crowd.Length
            ? "each byte once"
            : string.Create(CultureInfo.InvariantCulture, $"{(double)crowdBytes / plan.Crowd.Length:0.0} times the object");
        WriteLine($"");
        int inFlight = plan.Options.Concurrency;
        WriteLine(
            $"{inFlight} in flight: {speedUp:0.0} times the throughput of one slice at a time, which is how nginx's slice module fetches");
        WriteLine($"(the same proxy with max_concurrent_subrequests 1, not nginx itself).");
        string received = ReadableSize.Format(results.Crowd.Bytes);
        WriteLine($"{DemoPlan.Clients} clients received {received}; the origin sent {ReadableSize.Format(crowdBytes)}: {crowdShare}.");
        WriteLine($"A slice is reused when it comes from the cache, or from what is just being fetched for another client.");
        long checkedBytes = results.All.Sum(row => row.Bytes);
        console.Output.WriteLine(console.Green($"Every one of the {ReadableSize.Format(checkedBytes)} downloaded was right."));
    }

    /// <summary>Gives commands to go on with.</summary>
    public void WriteCommands(Instance proxy)
    {
        string address = $"http://{proxy.ProxyEndPoint}/demo";
        string range = string.Create(CultureInfo.InvariantCulture, $"{plan.Boundary.Start}-{plan.Boundary.End - 1}");
        WriteLine($"");
        WriteLine($"Try it; every path below /demo/ is an object of its own:");
        WriteLine($"  curl -o /dev/null {address}/sample.bin");
        WriteLine($"  curl -s -D - -o /dev/null -r {range} {address}/new.bin");
        WriteLine($"  curl -s http://{proxy.AdminEndPoint}/metrics");
        WriteLine($"Serving until Ctrl-C.");
    }

    private static string Duration(TimeSpan time) => time < TimeSpan.FromSeconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");

    private void WriteLine(FormattableString line) => console.Output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
