using System.Collections.Concurrent;
using System.Globalization;
using Slice.Core.SharedCache;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>
/// Three instances over real servers, clients of all of them, and everything that goes wrong: objects change, are purged, servers and
/// instances are killed. What happens follows from the seed; when it happens does not.
/// </summary>
internal sealed class FleetRun : IAsyncDisposable
{
    private const int Clients = 24;
    private const int Objects = 40;
    private const int Instances = 3;

    // Some thousands on a machine that has time for it.
    private const int LeastHeld = 100;

    private readonly ulong _seed;
    private readonly IFleetServers _servers;
    private readonly ScriptedOrigin _origin;
    private readonly FleetObject[] _objects = [.. Enumerable.Range(0, Objects).Select(number => new FleetObject(number))];
    private readonly FleetSlot[] _slots = new FleetSlot[Instances];
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ConcurrentDictionary<string, int> _acts = new();
    private readonly FleetLedger _ledger;
    private Fleet? _fleet;
    private Weather _nextWeather = new();
    // Of the log of the instance, behind its answer.
    private const int LinesOfProblem = 30;

    private int _instances;
    private int _hurting;

    /// <summary>A run that has not begun.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="servers">The servers, which this disposes.</param>
    /// <param name="margin">What a busy machine adds to the coherence.</param>
    public FleetRun(ulong seed, IFleetServers servers, TimeSpan margin)
    {
        (_seed, _servers) = (seed, servers);
        _ledger = new FleetLedger(Coherence + margin);
        _origin = ScriptedOrigin.Start(AnswerAsync, keepsRequests: false);
    }

    /// <summary>The coherence: its default.</summary>
    public static TimeSpan Coherence { get; } = TimeSpan.FromSeconds(1);

    /// <summary>All that happened, in words.</summary>
    public string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"{string.Join(", ", _acts.OrderBy(act => act.Key, StringComparer.Ordinal).Select(act => $"{act.Value} {act.Key}"))}; "
            + $"{_origin.RequestCount} requests at the origin; worst staleness {_ledger.Worst.TotalMilliseconds:0} ms "
            + $"of {_ledger.Held} answers outside of outages and {_ledger.Judged} in all");

    /// <summary>Runs for a while; fails with what was wrong.</summary>
    public async Task RunAsync(TimeSpan length)
    {
        _fleet = await Fleet.StartAsync(_origin.Uri, 0, OpenStore, options => options with
        {
            SliceSizeBytes = FleetObject.SliceBytes,
            SharedCache = options.SharedCache with
            {
                Coherence = Coherence,
                Timeout = TimeSpan.FromMilliseconds(250),

                // So that slices come in parts, as longer ones do.
                BeginningBytes = 100,
                MacKey = _seed % 2 == 0 ? null : "a key that all instances have",
            },
        });
        foreach (int place in Enumerable.Range(0, Instances))
        {
            await StartInstanceAsync(place);
            await Fleet.IsUpAsync(_slots[place].Proxy);
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var all = Enumerable.Range(0, Clients).Select(AskAsync)
            .Append(() => ChangeAsync(enough.Token)).Append(() => PurgeAsync(enough.Token)).Append(() => WatchAsync(enough.Token))
            .Append(() => KillAsync(enough.Token)).Select(act => Task.Run(act, CancellationToken.None)).ToArray();
        await Task.WhenAny(Task.WhenAll(all), Task.Delay(length, TestContext.Current.CancellationToken));
        await enough.CancelAsync();
        await Task.WhenAll(all);
        Assert.True(_ledger.Held > LeastHeld, $"SLICE_FUZZ_SEED={_seed}: too few answers to say anything: {Summary}");
        Assert.True(_problems.IsEmpty, $"SLICE_FUZZ_SEED={_seed}: {_problems.Count} problems\n{string.Join("\n\n", _problems.Take(6))}");

        Func<Task> AskAsync(int number) => () => this.AskAsync(number, enough.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_fleet is not null)
        {
            await _fleet.DisposeAsync();
        }

        await _origin.DisposeAsync();
        await _servers.DisposeAsync();
    }

    private IKeyValueStore OpenStore() => new WeatheredStore(_servers.Open(), _nextWeather);

    private FuzzRandom RandomOf(int actor) => new(new FuzzRandom(_seed + (ulong)actor).NextBits());

    // An origin is some milliseconds away.
    private Task AnswerAsync(OriginExchange exchange) => _objects.First(one => one.Path == exchange.Request.Target)
        .AnswerAsync(exchange, TimeSpan.FromMilliseconds(exchange.Request.Number % 7 == 0 ? 60 : exchange.Request.Number % 5));

    private async Task AskAsync(int number, CancellationToken ct)
    {
        var random = RandomOf(number);
        var client = new FleetClient(_ledger, _objects, random);
        for (int turn = number; !ct.IsCancellationRequested && _problems.IsEmpty; turn++)
        {
            var slot = Volatile.Read(ref _slots[turn % Instances]);
            if (await client.AskAsync(slot) is { } problem)
            {
                _problems.Enqueue($"{problem}\n{string.Join('\n', slot.Proxy.Log.TakeLast(LinesOfProblem))}");
            }

            Count("requests");

            // A rate, not a wait for anything; as in the others.
            await PauseAsync(10 + random.Below(50), ct);
        }
    }

    private async Task ChangeAsync(CancellationToken ct)
    {
        var random = RandomOf(100);
        while (await PauseAsync(50 + random.Below(200), ct))
        {
            random.Pick(_objects).Change(random);
            Count("changes");
        }
    }

    private async Task PurgeAsync(CancellationToken ct)
    {
        var random = RandomOf(101);
        while (await PauseAsync(200 + random.Below(400), ct))
        {
            var one = random.Pick(_objects);
            var (target, field, covered) = random.Below(6) switch
            {
                0 => ($"/{one.Folder}/", "X-Purge-Pattern: prefix", _objects.Where(other => other.Folder == one.Folder)),
                1 => ("/", $"X-Purge-Tag: {one.Tag}", _objects.Where(other => other.Tag == one.Tag)),
                2 => ("/*", "X-Purge-All: true", _objects),
                _ => (one.Path, null, [one]),
            };
            string[] fields = [.. new[] { field, random.OneIn(2) ? "X-Purge-Soft: 1" : null }.OfType<string>()];
            var versions = covered.Where(other => other.IsShareable || field is null).Select(other => (other, other.Latest)).ToArray();
            var slot = Volatile.Read(ref _slots[random.Below(Instances)]);
            if (await TryPurgeAsync(slot, target, fields))
            {
                foreach (var (purged, version) in versions)
                {
                    foreach (string language in FleetVariant.Languages)
                    {
                        _ledger.Saw(purged.VariantFor(language), version, -1);
                    }
                }
            }
        }
    }

    private async Task<bool> TryPurgeAsync(FleetSlot slot, string target, string[] fields)
    {
        try
        {
            var answer = await slot.Proxy.PurgeAsync(target, fields);
            bool isByAll = answer.StatusCode == 200
                && answer.BodyText.Contains($"\"instances\":{Instances},\"answered\":{Instances}", StringComparison.Ordinal);
            Count(isByAll ? "purges of all" : "purges of some");
            return isByAll;
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException or TimeoutException)
        {
            if (!slot.IsKilled)
            {
                _problems.Enqueue($"PURGE {target} {string.Join(", ", fields)} at instance {slot.Number}: {error.Message}");
            }

            return false;
        }
    }

    // An instance may lose its tier by itself, on a busy machine.
    private async Task WatchAsync(CancellationToken ct)
    {
        while (await PauseAsync(5, ct))
        {
            bool isUp = Array.TrueForAll(_slots, slot => slot.IsKilled || slot.Proxy.Composition.Tier!.State == TierState.Up);
            if (!isUp)
            {
                _ledger.BeginOutage();
            }
            else if (Volatile.Read(ref _hurting) == 0)
            {
                _ledger.EndOutage();
            }
        }
    }

    private async Task KillAsync(CancellationToken ct)
    {
        var random = RandomOf(102);
        while (await PauseAsync(1500 + random.Below(2500), ct))
        {
            Volatile.Write(ref _hurting, 1);
            if (random.OneIn(2))
            {
                await KillInstanceAsync(random.Below(Instances));
            }
            else
            {
                _ledger.BeginOutage();
                Count(await _servers.HurtAsync(random));
            }

            Volatile.Write(ref _hurting, 0);
            foreach (var slot in _slots)
            {
                await Fleet.IsUpAsync(slot.Proxy);
            }
        }
    }

    // All at once, as by SIGKILL: it tells nobody, and leaves its place to no one.
    private async Task KillInstanceAsync(int place)
    {
        var killed = _slots[place];
        killed.Weather.IsAway = true;
        killed.IsKilled = true;
        _ledger.Killed(killed.Number);
        await _fleet!.RemoveAsync(killed.Proxy);
        _ledger.BeginOutage();
        await StartInstanceAsync(place);
        Count("kills of instances");
    }

    private async Task StartInstanceAsync(int place)
    {
        _nextWeather = new Weather();
        var proxy = await _fleet!.AddStartingAsync();
        Volatile.Write(ref _slots[place], new FleetSlot(_instances++, proxy, _nextWeather));
    }

    private void Count(string act) => _acts.AddOrUpdate(act, 1, static (_, count) => count + 1);

    private async Task<bool> PauseAsync(int milliseconds, CancellationToken ct)
    {
        try
        {
            await Task.Delay(milliseconds, ct);
            return _problems.IsEmpty;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
