using Microsoft.Extensions.Logging;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

public class StoreFactoryTests
{
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
}
