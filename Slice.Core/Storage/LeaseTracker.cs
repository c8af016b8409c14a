using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Slice.Core.Storage;

/// <summary>
/// Remembers where leases and reservations were taken, and tells which of them are still out when their store is disposed: a lease that is
/// never given back keeps its extent for the life of the process. DEBUG builds attach one to every store; a test attaches one in any build.
/// Costs a stack trace per lease; a store without one costs a test for null. Thread-safe.
/// </summary>
/// <remarks>
/// A lease has no owner, it is one of a count. So the report names the places where leases of a slice were taken lately, and one of them is
/// the one that did not give its lease back.
/// </remarks>
/// <param name="report">Told of each slice with leases that are out. DEBUG builds write to the debugger, or to stderr with
/// <c>DOTNET_DebugWriteToStdErr=1</c>.</param>
internal sealed class LeaseTracker(Action<string> report)
{
    /// <summary>
    /// Places that are remembered of one slice, the latest. Arbitrary; more than a test has to do with one slice at a time.
    /// </summary>
    private const int MaxPlaces = 16;

    private readonly ConcurrentDictionary<StoredSlice, Queue<StackTrace>> _places = new();

    /// <summary>One more lease of a slice was taken; the first one is the reservation's.</summary>
    public void Taken(StoredSlice slice)
    {
        var places = _places.GetOrAdd(slice, static _ => new Queue<StackTrace>());
        lock (places)
        {
            if (places.Count == MaxPlaces)
            {
                places.Dequeue();
            }

            places.Enqueue(new StackTrace(skipFrames: 1, fNeedFileInfo: false));
        }
    }

    /// <summary>The last lease of a slice was given back.</summary>
    public void Ended(StoredSlice slice) => _places.TryRemove(slice, out _);

    /// <summary>Reports each slice with more leases than its index has.</summary>
    public void ReportOutstanding()
    {
        foreach (var (slice, places) in _places)
        {
            // A slice that stands in a queue is indexed, and the index has one lease.
            int leases = slice.Leases - (slice.IsQueued ? 1 : 0);
            if (leases > 0)
            {
                report(Describe(slice, leases, places));
            }
        }
    }

    private static string Describe(StoredSlice slice, int leases, Queue<StackTrace> places)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{leases} leases of slice {slice.SliceIndex} of tenant {slice.TenantId}, {slice.LengthBytes} bytes, are still out; taken at:");
        lock (places)
        {
            foreach (var place in places)
            {
                text.AppendLine().Append(place);
            }
        }

        return text.ToString();
    }
}
