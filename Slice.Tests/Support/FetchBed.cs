using System.Text;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Tests.Support;

/// <summary>Fetcher and learner over a <see cref="FakeOriginClient"/>, a store in memory and <see cref="ManualTime"/>.</summary>
internal sealed class FetchBed : IAsyncDisposable
{
    public const int GateLimit = 4;

    private readonly CancellationTokenSource _stopping = new();

    public FetchBed(int sliceSizeBytes = 4, int maxRetries = 2, SliceStore? store = null, OriginGate? gate = null)
    {
        Grid = new SliceGrid(sliceSizeBytes);
        Store = store ?? SliceStore.CreateInMemory(1 << 20, Time);
        Gate = gate ?? new OriginGate(GateLimit, Deadline.Default, TimeProvider.System);
        var retries = new RetryPolicy(maxRetries, () => 0.5);
        Fetcher = new SliceFetcher(Origin, Gate, Store, Index, retries, Time, Meter)
        {
            FetchFailed = (_, failure) =>
            {
                lock (Failures)
                {
                    Failures.Add(failure.Error);
                }
            },
        };
        Reader = new StoredResponseReader(new CachePolicy(), Time);
        Learner = new ObjectFetcher(Origin, Gate, Fetcher, Store, Index, Reader, retries, Grid, Time, Meter, _stopping.Token);
    }

    public ManualTime Time { get; } = new();

    public FakeOriginClient Origin { get; } = new();

    public ObjectIndex Index { get; } = new();

    public SliceMeter Meter { get; } = new();

    public SliceGrid Grid { get; }

    public SliceStore Store { get; }

    public OriginGate Gate { get; }

    public SliceFetcher Fetcher { get; }

    public StoredResponseReader Reader { get; }

    public ObjectFetcher Learner { get; }

    /// <summary>What <see cref="SliceFetcher.FetchFailed"/> was called with.</summary>
    public List<FetchError> Failures { get; } = [];

    public static SubrequestTemplate Template(string target = "/file") => new(target, null, []);

    /// <summary>A generation of <paramref name="content"/> that is published, as if it had been learnt.</summary>
    public Generation Publish(FakeContent content, bool isShared = true)
    {
        var response = Reader.Read(new FakeOriginResponse(206, content.FieldLines), content.Text.Length);
        var generation = new Generation(StoredObjects.Key(), response, Grid, isShared, Store);
        if (isShared)
        {
            Index.Publish(generation);
        }

        return generation;
    }

    public SliceSource Acquire(Generation generation, int sliceIndex) => Fetcher.Acquire(generation, sliceIndex, Template());

    /// <summary>Acquires a slice, reads it to its end, releases it; the bytes that came, and the failure if they are not all.</summary>
    public async Task<(string Text, FetchError Error)> ReadAsync(Generation generation, int sliceIndex) =>
        await ReadAsync(Acquire(generation, sliceIndex));

    /// <summary>Reads an acquired slice to its end and releases it.</summary>
    public static async Task<(string Text, FetchError Error)> ReadAsync(SliceSource source)
    {
        try
        {
            if (source.Stored is { } stored)
            {
                return (Encoding.Latin1.GetString(StoredObjects.Bytes(stored)), FetchError.None);
            }

            var fetch = source.Fetch!;
            var text = new StringBuilder();
            while (text.Length < fetch.LengthBytes)
            {
                await WaitBeyondAsync(fetch, text.Length);
                var failure = fetch.Failure;
                int ready = fetch.AvailableBytes - text.Length;
                if (ready == 0)
                {
                    Assert.True(failure.IsError, "woken without bytes or failure");
                    return (text.ToString(), failure.Error);
                }

                text.Append(Encoding.Latin1.GetString(fetch.Slice.Map(text.Length, ready).Span));
            }

            return (text.ToString(), FetchError.None);
        }
        finally
        {
            source.Release();
        }
    }

    public static Task WaitBeyondAsync(SliceFetch fetch, int positionBytes) =>
        Deadline.WithinAsync(
            fetch.WaitBeyondAsync(positionBytes, TestContext.Current.CancellationToken).AsTask(),
            $"more than {positionBytes} bytes of slice {fetch.SliceIndex}");

    /// <summary>
    /// Waits until no fetch and no lesson holds anything: permits are back and the store holds <paramref name="slices"/> slices and
    /// nothing else.
    /// </summary>
    public Task SettledAsync(int slices) => Eventually.TrueAsync(
        () => Gate.Free == GateLimit && Store.SliceCount == slices && Store.UsedBytes == (long)slices * ExtentAllocator.UnitBytes,
        () => $"{Gate.Free} permits free, {Store.SliceCount} slices, {Store.UsedBytes} bytes");

    /// <summary>Ends every lesson, as the process does when it stops.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Deadline.WithinAsync(Fetcher.DisposeAsync().AsTask(), "every fetch to end");
        Gate.Dispose();
        Store.Dispose();
        Meter.Dispose();
        _stopping.Dispose();
    }
}
