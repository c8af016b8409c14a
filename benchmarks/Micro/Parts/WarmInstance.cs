using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Options;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Host;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>The product as it is composed, in memory and without ports, with one object of which the first slice is stored.</summary>
internal sealed class WarmInstance : IDisposable
{
    /// <summary>What the object is asked for by.</summary>
    public const string Target = "/debian/pool/main/l/linux/linux-image-6.12.48-amd64_6.12.48-1_amd64.deb";

    /// <summary>Its length in bytes.</summary>
    public const long CompleteLength = 5 << 20;

    // As of an nginx that serves files.
    private const string FieldLines =
        "Server: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-Type: application/octet-stream\r\n"
        + "Last-Modified: Mon, 23 Nov 2026 11:00:00 GMT\r\nETag: \"6b04457a-500000\"\r\n";

    /// <summary>An instance under the default options but for the size of its store.</summary>
    /// <param name="configure">Changes the options; null for no change.</param>
    public WarmInstance(Func<SliceOptions, SliceOptions>? configure = null)
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [new Uri("http://127.0.0.1:9")],
            Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },
        };
        Composition = new Composition(configure?.Invoke(options) ?? options, NullLoggerFactory.Instance, TimeProvider.System);
        Generation = new Generation(
            new CacheKey(Encoding.ASCII.GetBytes(Target)), ResponseOf(CompleteLength), Grid, isShared: true, Composition.Store);
        Composition.Index.Publish(Generation);
        Slice = Store(Composition.Store, Generation, sliceIndex: 0);
    }

    /// <summary>How the object is cut.</summary>
    public static SliceGrid Grid { get; } = new(1 << 20);

    /// <summary>The instance.</summary>
    public Composition Composition { get; }

    /// <summary>The object.</summary>
    public Generation Generation { get; }

    /// <summary>The slice.</summary>
    public StoredSlice Slice { get; }

    /// <summary>A stored response that is fresh for an hour.</summary>
    public static StoredResponse ResponseOf(long completeLength) => new(
        new Validator("\"6b04457a-500000\"", "Mon, 23 Nov 2026 11:00:00 GMT", completeLength),
        new Freshness(Instant.Now(TimeProvider.System), TimeSpan.Zero, TimeSpan.FromHours(1)),
        Encoding.ASCII.GetBytes(FieldLines),
        lastModifiedDate: null,
        date: null);

    /// <summary>Fills a slice of an object and gives it to the object.</summary>
    public static StoredSlice Store(SliceStore store, Generation generation, int sliceIndex)
    {
        // Memory is at hand at once: nothing here waits.
        var reservation = store.ReserveAsync(generation.Grid.SliceSizeBytes).AsTask().GetAwaiter().GetResult()!;
        reservation.WriteAsync(new byte[generation.Grid.SliceSizeBytes], 0).AsTask().GetAwaiter().GetResult();
        var slice = reservation.Slice;
        if (!slice.TryLease() || !generation.TryCommit(slice, sliceIndex))
        {
            throw new InvalidOperationException("The slice was not taken.");
        }

        slice.Release();
        return slice;
    }

    /// <inheritdoc/>
    public void Dispose() => Composition.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
