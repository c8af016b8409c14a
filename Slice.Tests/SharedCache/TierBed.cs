using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>One instance's parts of the tier over a store in memory, by time that stands still until the test moves it.</summary>
internal sealed class TierBed : IDisposable
{
    public static readonly TimeSpan Gap = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>An instance of its own server and time, or beside another one.</summary>
    public TierBed(TierBed? beside = null)
    {
        Time = beside?.Time ?? new ManualTime();
        Server = beside?.Server ?? new MemoryKeyValueServer(Time) { IsInline = true };
        KeyValues = Server.Open();

        // The clock passes it at no step of a test: an operation of the server in memory takes as long as a thread is busy.
        Access = new TierAccess(KeyValues, TimeSpan.FromDays(1), Time);
        Access.Open();
        Values = new TierValues(Access, Envelope, Meter);
        Reader = new TierReader(Access, Envelope, Meter, Time);
        Members = new TierMembers(Values, Names, "machine:80", Time);
        News = new TierNews(Access, Values, Names, Index, Time, Meter, Members.Id, Gap) { Lost = Losses.Add };
        Turns = new TierTurns(Access, Time, _stopping.Token);
        Store = SliceStore.CreateInMemory(1 << 20, Time);
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ManualTime Time { get; }

    public MemoryKeyValueServer Server { get; }

    public MemoryKeyValueStore KeyValues { get; }

    public TierAccess Access { get; }

    public TierEnvelope Envelope { get; } = new(null);

    public TierNames Names { get; } = new("t:", "realm");

    public TierMeter Meter { get; } = new();

    public TierValues Values { get; }

    public TierReader Reader { get; }

    public TierMembers Members { get; }

    public TierNews News { get; }

    public TierTurns Turns { get; }

    public ObjectIndex Index { get; } = new();

    public SliceStore Store { get; }

    public List<string> Losses { get; } = [];

    public CancellationToken Stopping => _stopping.Token;

    /// <summary>An object that is stored here.</summary>
    public Generation Publish(string target)
    {
        var generation = StoredObjects.Generation(Store, slices: 1, sliceSizeBytes: 4, target: target);
        Index.Publish(generation);
        return generation;
    }

    /// <summary>What is stored here under a key, held against all purges; null for nothing.</summary>
    public Generation? Find(string target) => Index.FindVariant(StoredObjects.Key(target), null);

    /// <summary>Ends what is awaited by the token of the process.</summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>How many operations the server has had that begin like this.</summary>
    public int Count(string operation) =>
        Server.Operations.Count(one => one.StartsWith(operation, StringComparison.Ordinal));

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        Turns.Dispose();
        Store.Dispose();
        _stopping.Dispose();
    }
}
