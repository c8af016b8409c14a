using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// Good clients, and hostile ones beside them, on one product over one origin. Each request of a good client lets one hostile act begin, so
/// the work is bounded by numbers and not by the clock. Everything random follows from the seed; the order of events does not.
/// </summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    private const int GoodClients = 4;
    private const int HostileClients = 6;

    private readonly ulong _seed;
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ConcurrentDictionary<string, int> _acts = new();
    private readonly ConcurrentDictionary<string, bool> _known = new();
    private readonly SemaphoreSlim _permits = new(0);
    private readonly ConcurrentQueue<string> _refetched = new();
    private int _keptRequests;
    private int _good;
    private int _once;
    private int _begunActs;

    private ChaosRun(ulong seed, ChaosOrigin origin, ChaosProduct product)
    {
        _seed = seed;
        Origin = origin;
        Product = product;
    }

    /// <summary>The origin.</summary>
    public ChaosOrigin Origin { get; }

    /// <summary>The product.</summary>
    public ChaosProduct Product { get; }

    /// <summary>Requests of good clients that were answered.</summary>
    public int GoodRequests => Volatile.Read(ref _good);

    /// <summary>The file that is asked for next, which nobody has asked for yet.</summary>
    public int NextOnce => Volatile.Read(ref _once);

    /// <summary>Whether something was wrong.</summary>
    public bool HasFailed => !_problems.IsEmpty;

    /// <summary>How many acts each kind of hostile client has finished.</summary>
    public IReadOnlyDictionary<string, int> Acts => _acts;

    /// <summary>Starts origin and product; <paramref name="more"/> are lines of the configuration.</summary>
    public static async Task<ChaosRun> StartAsync(ulong seed, string more)
    {
        var origin = new ChaosOrigin();
        try
        {
            var product = await ChaosProduct.StartAsync(
                $$$"""
                upstream_address: {{{origin.Authority}}}
                listen_address: 127.0.0.1:{{port}}
                metrics_endpoint:
                  address: 127.0.0.1:{{metrics_port}}
                slice_size: 64KiB
                slice_patterns: ["^/files/"]
                l1_cache_size_bytes: 64MiB
                cache_key:
                  ignored_arguments: [token, "utm_*"]
                {{{more}}}
                """);
            return new ChaosRun(seed, origin, product);
        }
        catch
        {
            await origin.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Good clients alone, or with the hostile ones, until <paramref name="isEnough"/>. Returns how long each good request took.
    /// </summary>
    /// <param name="kinds">The hostile ones.</param>
    /// <param name="isEnough">Asked after each good request.</param>
    /// <param name="pause">Between two requests of one good client; for a run that measures at a steady rate.</param>
    public async Task<IReadOnlyList<TimeSpan>> RunAsync(IReadOnlyList<HostileKind> kinds, Func<bool> isEnough, TimeSpan? pause = null)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var times = new ConcurrentQueue<TimeSpan>();
        bool IsEnough() => HasFailed || isEnough();
        var good = Enumerable.Range(0, GoodClients)
            .Select(client => Task.Run(() => BehaveAsync(client, IsEnough, pause, times, enough.Token), CancellationToken.None)).ToArray();
        var hostile = kinds.Count == 0 ? [] : Enumerable.Range(0, HostileClients)
            .Select(client => Task.Run(() => MisbehaveAsync(client, kinds, enough.Token), CancellationToken.None)).ToArray();
        await Task.WhenAll(good);
        await enough.CancelAsync();
        await Deadline.WithinAsync(Task.WhenAll(hostile), "the hostile clients end", TimeSpan.FromSeconds(60));
        return [.. times];
    }

    /// <summary>Fails with what was wrong, if anything was.</summary>
    /// <param name="mayRefetchOneIn">
    /// 0 where everything fits into the cache; else of so many requests for what never changes one may find it evicted.
    /// </param>
    public void AssertNothingWasWrong(int mayRefetchOneIn = 0)
    {
        if (_refetched.Count > (mayRefetchOneIn == 0 ? 0 : _keptRequests / mayRefetchOneIn))
        {
            Report($"fetched again {_refetched.Count} times of {_keptRequests}, although nobody may have it removed\n{_refetched.First()}");
        }

        foreach (string fault in Product.Faults)
        {
            Report("the product logged " + fault);
        }

        Assert.True(_problems.IsEmpty, $"SLICE_FUZZ_SEED={_seed}: {_problems.Count} problems\n{string.Join("\n\n", _problems.Take(4))}");
    }

    /// <summary>Something was wrong.</summary>
    public void Report(string problem) => _problems.Enqueue(problem);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Product.DisposeAsync();
        await Origin.DisposeAsync();
        _permits.Dispose();
    }

    private async Task BehaveAsync(
        int number, Func<bool> isEnough, TimeSpan? pause, ConcurrentQueue<TimeSpan> times, CancellationToken ct)
    {
        var random = new FuzzRandom(new FuzzRandom(_seed + (ulong)number).NextBits());
        var requests = new GoodRequests(Origin.Catalogue, random, () => Interlocked.Increment(ref _once));
        using var client = new GoodClient(Product.EndPoint, $"127.0.0.{2 + number}");
        while (!isEnough())
        {
            if (pause is { } time)
            {
                // A rate, not a wait for anything.
                await Task.Delay(time, ct);
            }

            var request = requests.Next();
            bool isKnown = request.IsForEver && _known.ContainsKey(request.Target);
            long from = Stopwatch.GetTimestamp();
            var (response, problem) = await client.AskAsync(request, isNew: random.OneIn(4));
            times.Enqueue(Stopwatch.GetElapsedTime(from));
            if (problem is not null)
            {
                Report($"{problem}\n{request.Text}{response}");
            }
            else if (request.IsForEver && response!.StatusCode is 200 or 206)
            {
                NoteKept(request, response!, isKnown);
            }

            GoodRequestDone(random);
        }
    }

    // What never changes and was once sent whole is there for everybody: nothing that a hostile client does takes it out.
    private void NoteKept(GoodRequest request, RawResponse response, bool isKnown)
    {
        if (response.StatusCode == 200)
        {
            _known[request.Target] = true;
        }

        if (isKnown)
        {
            Interlocked.Increment(ref _keptRequests);
        }

        if (isKnown && response.Field("X-Cache") != "HIT")
        {
            _refetched.Enqueue($"{request.Text}{response}");
        }
    }

    // Now and then something changes at the origin: no object more often than clients can follow.
    private void GoodRequestDone(FuzzRandom random)
    {
        int good = Interlocked.Increment(ref _good);
        if (good % 7 == 0)
        {
            random.Pick(Origin.Catalogue.Changing).Change(Stopwatch.GetTimestamp(), Stopwatch.Frequency / 2);
        }

        _permits.Release();
    }

    private async Task MisbehaveAsync(int number, IReadOnlyList<HostileKind> kinds, CancellationToken ct)
    {
        var random = new FuzzRandom(new FuzzRandom(_seed + 1000 + (ulong)number).NextBits());
        try
        {
            while (true)
            {
                await _permits.WaitAsync(ct);
                int act = Interlocked.Increment(ref _begunActs);
                var kind = kinds[act % kinds.Count];
                if (act / kinds.Count >= kind.Acts)
                {
                    continue;
                }

                await new HostileAct(this, kind.Name, random, ct).RunAsync(kind.Act);
                _acts.AddOrUpdate(kind.Name, 1, (_, count) => count + 1);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The good clients have done enough.
        }
        catch (Exception error)
        {
            Report(string.Create(CultureInfo.InvariantCulture, $"a hostile client ended: {error}"));
        }
    }
}
