using Slice.Core.Observability;
using static Slice.Core.Observability.MeterInstruments;

namespace Slice.Host.Machine;

/// <summary>
/// What the process takes of the machine (<c>process_…</c>, the names that all clients of Prometheus have) and how the .NET runtime fares
/// (<c>dotnet_…</c>). Looked at when metrics are read. Thread-safe.
/// </summary>
internal sealed class ProcessMeter : IDisposable
{
    private readonly MeterInstruments _instruments = new("pingora-slice.process", "");

    /// <summary>Figures of this process.</summary>
    /// <param name="time">The clock; the instance begins now.</param>
    public ProcessMeter(TimeProvider time)
    {
        double startedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        ShowProcess(startedAt);
        ShowCollector();
        ShowThreads();
    }

    /// <summary>Every metric with its values now.</summary>
    public IReadOnlyList<MetricReading> Read() => _instruments.Read();

    /// <inheritdoc/>
    public void Dispose() => _instruments.Dispose();

    private void ShowProcess(double startedAt)
    {
        _instruments.CountReal(
            "process_cpu_seconds_total", Seconds, "CPU time of the process, user and system.",
            () => Environment.CpuUsage.TotalTime.TotalSeconds);
        _instruments.Show(
            "process_resident_memory_bytes", Bytes, "Memory of the process that is in RAM, mapped files of the cache too.",
            () => ProcessFiles.Memory().ResidentBytes);
        _instruments.Show(
            "process_virtual_memory_bytes", Bytes, "Address space of the process.", () => ProcessFiles.Memory().VirtualBytes);
        _instruments.Show("process_open_fds", "{file}", "File descriptors that are open.", () => ProcessFiles.OpenDescriptors());
        _instruments.Show(
            "process_max_fds", "{file}", "File descriptors that the process may have (RLIMIT_NOFILE).", () => NativeDescriptors.Limit);
        _instruments.Show("process_start_time_seconds", Seconds, "When the instance began, in Unix time.", () => startedAt);
    }

    private void ShowCollector()
    {
        _instruments.Count(
            "dotnet_gc_collections_total", "{collection}", "Garbage collections by the oldest generation collected.", "generation",
            Collections);
        _instruments.Count(
            "dotnet_gc_allocated_bytes_total", Bytes, "Bytes allocated on the managed heap.", () => GC.GetTotalAllocatedBytes());
        _instruments.CountReal(
            "dotnet_gc_pause_seconds_total", Seconds, "Time that garbage collections held all threads.",
            () => GC.GetTotalPauseDuration().TotalSeconds);
        _instruments.Show("dotnet_gc_heap_bytes", Bytes, "Bytes of the managed heap.", () => GC.GetTotalMemory(forceFullCollection: false));
        _instruments.Show(
            "dotnet_gc_committed_bytes", Bytes, "Bytes that the managed heap has of the system, as of the last collection.",
            () => GC.GetGCMemoryInfo().TotalCommittedBytes);
    }

    private void ShowThreads()
    {
        _instruments.Show("dotnet_thread_pool_threads", "{thread}", "Threads of the thread pool.", () => ThreadPool.ThreadCount);
        _instruments.Show(
            "dotnet_thread_pool_queue_length", "{item}", "Work that waits for a thread of the pool.",
            () => ThreadPool.PendingWorkItemCount);
        _instruments.Count(
            "dotnet_thread_pool_completed_items_total", "{item}", "Work that the thread pool has done.",
            () => ThreadPool.CompletedWorkItemCount);
        _instruments.Count(
            "dotnet_lock_contentions_total", "{contention}", "Waits for a lock that another thread had.",
            () => Monitor.LockContentionCount);
    }

    // The runtime counts a collection of an older generation for the younger ones too.
    private static IEnumerable<KeyValuePair<string, long>> Collections()
    {
        int older = 0;
        for (int generation = GC.MaxGeneration; generation >= 0; generation--)
        {
            int count = GC.CollectionCount(generation);
            yield return KeyValuePair.Create(generation.ToString(System.Globalization.CultureInfo.InvariantCulture), (long)(count - older));
            older = count;
        }
    }
}
