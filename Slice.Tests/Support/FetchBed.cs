using System.Text;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Tests.Support;

/// <summary>Both fetchers over a <see cref="FakeOriginClient"/>, a store in memory and <see cref="ManualTime"/>.</summary>
internal sealed class FetchBed : IAsyncDisposable
{
    public const int GateLimit = 4;

    private readonly CancellationTokenSource _stopping = new();

    public FetchBed(
        int sliceSizeBytes = 4, int maxRetries = 2, SliceStore? store = null, OriginGate? gate = null, TimeSpan? queueTimeout = null,
        long fillWholeBytes = 0)
    {
        Grid = new SliceGrid(sliceSizeBytes);
        Store = store ?? SliceStore.CreateInMemory(1 << 20, Time);
        Gate = gate ?? new OriginGate(GateLimit, TimeProvider.System);
        Settings = new FetchSettings
        {
            Origin = Origin,
            Grid = Grid,
            Retries = new RetryPolicy(maxRetries, () => 0.5),
            Reader = new StoredResponseReader(new CachePolicy(), Time),
            FillWholeBytes = fillWholeBytes,
            QueueTimeout = queueTimeout ?? Deadline.Default,
        };
        var gated = new GatedOrigin(Gate, Time, Meter);
        var parts = new PartReader(gated, Time, Meter);
        var attempts = new SliceFetchAttempts(parts, Store, Meter, _stopping.Token);
        Fetcher = new SliceFetcher(attempts, Index, Time, Meter, _stopping.Token)
        {
            FetchFailed = (_, failure) =>
            {
                lock (Failures)
                {
                    Failures.Add(failure.Error);
                }
            },
        };
        var interpreter = new ObjectAnswerInterpreter(Fetcher, Store, Index);
        Objects = new ObjectFetcher(
            new ObjectFetchAttempts(gated, interpreter, Time, Meter, _stopping.Token),
            Lookup = new TierLookup(Index, Store, Time, _stopping.Token),
            Index,
            Time,
            Meter);
        Unstored = new UnstoredReader(parts, gated, Index, Time, Meter);
    }

    public ManualTime Time { get; } = new();

    public FakeOriginClient Origin { get; } = new();

    public ObjectIndex Index { get; } = new();

    public SliceMeter Meter { get; } = new(TimeProvider.System);

    public SliceGrid Grid { get; }

    public SliceStore Store { get; }

    public OriginGate Gate { get; }

    public SliceFetcher Fetcher { get; }

    public FetchSettings Settings { get; }

    public StoredResponseReader Reader => Settings.Reader;

    public ObjectFetcher Objects { get; }

    public TierLookup Lookup { get; }

    public UnstoredReader Unstored { get; }

    /// <summary>What <see cref="SliceFetcher.FetchFailed"/> was called with.</summary>
    public List<FetchError> Failures { get; } = [];

    public FetchContext Context(string target = "/file") => new(Template(target), Settings);

    public static SubrequestTemplate Template(string target = "/file") => new(target, null, []);

    /// <summary>A permit of the gate for somebody else.</summary>
    public async Task<OriginPermit> TakePermitAsync() =>
        await Gate.TryEnterAsync(new GateTicket("another", "/another"), Deadline.Default, TestContext.Current.CancellationToken)
        ?? throw new InvalidOperationException("the gate is full");

    /// <summary>A generation of <paramref name="content"/> that is published, as if it had been fetched.</summary>
    public Generation Publish(FakeContent content, bool isShared = true, bool isWhole = false)
    {
        var response = Reader.Read(new FakeOriginResponse(206, content.FieldLines), content.Text.Length);
        var generation = new Generation(StoredObjects.Key(), response, Grid, isShared, Store)
        {
            IsWhole = isWhole,
            TierMark = new TierMark(0, 0, 0),
        };
        if (isShared)
        {
            Index.Publish(generation);
        }

        return generation;
    }

    public SliceSource Acquire(Generation generation, int sliceIndex, SliceFetch? behind = null) =>
        Fetcher.Acquire(generation, sliceIndex, Context(), isNext: behind is null, behind);

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

    /// <summary>Waits, and goes on on another thread than the fetch, which reads on meanwhile.</summary>
    public static async Task WaitBeyondAsync(SliceFetch fetch, int positionBytes)
    {
        await Deadline.WithinAsync(
            fetch.WaitBeyondAsync(positionBytes, TestContext.Current.CancellationToken).AsTask(),
            $"more than {positionBytes} bytes of slice {fetch.SliceIndex}");
        await Task.Yield();
    }

    /// <summary>
    /// Waits until no fetch holds anything: permits are back and the store holds <paramref name="slices"/> slices and
    /// nothing else.
    /// </summary>
    public Task SettledAsync(int slices) => Eventually.TrueAsync(
        () => Gate.Free == GateLimit && Store.SliceCount == slices && Store.UsedBytes == (long)slices * ExtentAllocator.UnitBytes,
        () => $"{Gate.Free} permits free, {Store.SliceCount} slices, {Store.UsedBytes} bytes");

    /// <summary>Ends every fetch, as the process does when it stops.</summary>
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
