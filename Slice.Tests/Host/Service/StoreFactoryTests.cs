using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

public class StoreFactoryTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reason_of_the_wait_for_the_process_before_asks_nobody_to_stop_that_process(bool isForOperators)
    {
        using var directory = new TestDirectory("factory");
        long diskBytes = StoredObjects.StoreBytesFor(1 << 20);
        var store = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = diskBytes };
        var options = new SliceOptions { Store = store };
        var waiting = options with { Store = store with { WaitsForLock = true } };
        using var meter = new SliceMeter(TimeProvider.System);
        using var before = NewFactory().Open(options, new ObjectIndex(), TimeProvider.System, meter);
        var factory = NewFactory();
        using var own = factory.Open(waiting, new ObjectIndex(), TimeProvider.System, meter);

        string? reason = factory.HealthOf(waiting, own, isForOperators).Reason;

        string who = isForOperators ? $", process {Environment.ProcessId})" : "the process before";
        Assert.Contains(who + " finishes its downloads and has the cache directory until then; there is nothing to do", reason,
            StringComparison.Ordinal);
        Assert.StartsWith("the process before", reason, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Fault_of_the_journal_is_one_log_line_that_names_the_directory()
    {
        using var directory = new TestDirectory("factory");
        using var log = new LogCapture();
        using var loggers = LoggerFactory.Create(builder => builder.AddProvider(log));
        var onDisk = new CacheStoreOptions { OnDisk = true, Directory = directory.Path, DiskSizeBytes = 1 << 20 };
        var factory = new StoreFactory(loggers.CreateLogger<StoreFactory>());
        using var meter = new SliceMeter(TimeProvider.System);
        using var store = factory.Open(new SliceOptions { Store = onDisk }, new ObjectIndex(), TimeProvider.System, meter);

        store.JournalFaulted!(new InvalidOperationException("a bug"));

        string line = Assert.Single(log.Lines);
        Assert.Contains("cache_index_faulted", line, StringComparison.Ordinal);
        Assert.Contains(directory.Path, line, StringComparison.Ordinal);
    }

    private static StoreFactory NewFactory() => new(NullLogger<StoreFactory>.Instance);
}
