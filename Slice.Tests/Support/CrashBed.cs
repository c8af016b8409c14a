using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Slice.Tests.Support;

/// <summary>
/// The product on a cache directory that outlives its processes, in front of objects that change, under clients that compare every byte.
/// What an object has follows from its number and version; the entity tag of an answer names both.
/// </summary>
internal sealed class CrashBed : IAsyncDisposable
{
    private const int ObjectsPerWorker = 4;
    private const int Workers = 4;

    private readonly TestDirectory _directory = new("crash");
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile[] _files;
    private readonly int[] _versions = new int[Workers * ObjectsPerWorker];
    private readonly int[] _purgedBelow = new int[Workers * ObjectsPerWorker];
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly string _cacheSize;
    private long _checkedBytes;

    /// <summary>A bed whose cache is of this size; the objects have about 29 MiB together.</summary>
    public CrashBed(string cacheSize)
    {
        _cacheSize = cacheSize;
        _files = [.. Enumerable.Range(0, Workers * ObjectsPerWorker).Select(NewFile)];
        _origin = ScriptedOrigin.Start(AnswerAsync);
    }

    /// <summary>Where the cache lies; a process may be given another one.</summary>
    public string CacheDirectory { get; set; } = "";

    /// <summary>
    /// Whether a version that was purged must never come back. It may when the index is damaged, which takes away the news of the purge
    /// like any other; it is then used for as long as it is fresh.
    /// </summary>
    public bool PurgesLast { get; init; } = true;

    /// <summary>Bytes that were compared.</summary>
    public long CheckedBytes => Volatile.Read(ref _checkedBytes);

    /// <summary>Requests that the origin has got.</summary>
    public int OriginRequests => _origin.RequestCount;

    /// <summary>A directory that lives as long as the bed.</summary>
    public string Combine(string name) => _directory.Combine(name);

    /// <summary>Starts the product on the cache.</summary>
    public Task<ProductProcess> StartAsync()
    {
        if (CacheDirectory.Length == 0)
        {
            CacheDirectory = _directory.Combine("cache");
        }

        return ProductProcess.StartAsync(
            $$$"""
            upstream_address: {{{_origin.Authority}}}
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            slice_size: 64KiB
            max_concurrent_subrequests: 4
            enable_l2_cache: true
            l2_cache_dir: {{{CacheDirectory}}}
            cache_size: {{{_cacheSize}}}
            """,
            _directory.Path);
    }

    /// <summary>Mixed requests until the process is gone or the token says so: objects and ranges of them, changes, PURGE.</summary>
    public Task LoadAsync(ProductProcess product, int seed, CancellationToken enough) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(
            () => WorkAsync(product, worker, new Random((seed * Workers) + worker), enough), CancellationToken.None)));

    /// <summary>
    /// Downloads every object whole and compares it. One that changed at the origin while nobody could be told, as the product was just
    /// killed, may break off once, where it comes to what is not stored of the old version (B23).
    /// </summary>
    public async Task CheckAllAsync(ProductProcess product)
    {
        using var client = NewClient(product);
        for (int number = 0; number < _files.Length; number++)
        {
            try
            {
                await GetAsync(product, client, number, range: null);
            }
            catch (HttpRequestException)
            {
                await GetAsync(product, client, number, range: null);
            }
        }

        AssertNothingWasWrong();
    }

    /// <summary>Fails with the first answers that were wrong.</summary>
    public void AssertNothingWasWrong() => Assert.True(_wrong.IsEmpty, string.Join('\n', _wrong.Take(5)));

    /// <summary>PURGEs an object; the answer's status.</summary>
    public static async Task<HttpStatusCode> PurgeAsync(ProductProcess product, int number)
    {
        using var client = NewClient(product);
        return await PurgeAsync(product, client, number);
    }

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        _directory.Dispose();
    }

    private static HttpClient NewClient(ProductProcess product) =>
        new(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://{product.EndPoint}"),
            Timeout = TimeSpan.FromSeconds(20),
        };

    // Without a token, PURGE is answered on the metrics port.
    private static async Task<HttpStatusCode> PurgeAsync(ProductProcess product, HttpClient client, int number)
    {
        using var request = new HttpRequestMessage(new HttpMethod("PURGE"), $"http://{product.MetricsEndPoint}/{number}");
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }

    private static int Seed(int number, int version) => (number * 10_000) + version;

    private RangeFile NewFile(int number)
    {
        // From less than a slice to some slices and a bit.
        var file = new RangeFile(10_000 + (number * 250_021), Seed(number, 0)) { ETag = $"\"{number}-0\"" };
        file.ExtraFields = ["Cache-Control: max-age=3600"];
        return file;
    }

    private Task AnswerAsync(OriginExchange exchange) =>
        _files[int.Parse(exchange.Request.Target.AsSpan(1), CultureInfo.InvariantCulture)].AnswerAsync(exchange);

    private async Task WorkAsync(ProductProcess product, int worker, Random random, CancellationToken enough)
    {
        using var client = NewClient(product);
        while (!enough.IsCancellationRequested)
        {
            int number = (worker * ObjectsPerWorker) + random.Next(ObjectsPerWorker);
            try
            {
                switch (random.Next(12))
                {
                    case 0:
                        await ChangeAsync(product, client, number);
                        break;
                    case < 6:
                        await GetAsync(product, client, number, range: null);
                        break;
                    default:
                        long start = random.NextInt64(_files[number].LengthBytes);
                        long end = Math.Min(_files[number].LengthBytes, start + 1 + random.Next(400_000));
                        await GetAsync(product, client, number, (start, end));
                        break;
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                if (product.HasExited)
                {
                    return;
                }

                // Cut off because it changed or was found damaged on the way: allowed, as everybody sees it.
            }
        }
    }

    // The object belongs to one worker, so nobody is fetching the old version while it is purged.
    private async Task ChangeAsync(ProductProcess product, HttpClient client, int number)
    {
        int version = ++_versions[number];
        var file = _files[number];
        file.ChangeTo(Seed(number, version));
        file.ETag = $"\"{number}-{version}\"";
        if (await PurgeAsync(product, client, number) is HttpStatusCode.OK or HttpStatusCode.NotFound)
        {
            _purgedBelow[number] = version;
        }
    }

    private async Task GetAsync(ProductProcess product, HttpClient client, int number, (long Start, long End)? range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{number}");
        if (range is { } part)
        {
            request.Headers.Range = new RangeHeaderValue(part.Start, part.End - 1);
        }

        using var response = await client.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        string tag = response.Headers.ETag?.Tag ?? "";
        var (start, end) = range ?? (0, _files[number].LengthBytes);
        if (response.StatusCode is HttpStatusCode.BadGateway)
        {
            return;
        }

        string what = $"object {number}, bytes {start} to {end}, {(int)response.StatusCode} {tag}";
        bool isOurs = tag.StartsWith($"\"{number}-", StringComparison.Ordinal);
        if (!isOurs && product.HasExited)
        {
            // Another test's server has the port by now.
            return;
        }

        if (!isOurs || body.Length != end - start)
        {
            _wrong.Enqueue($"{what}: {body.Length} bytes");
            return;
        }

        int version = int.Parse(tag.AsSpan().Trim('"')[(tag.IndexOf('-', StringComparison.Ordinal))..], CultureInfo.InvariantCulture);
        if (PurgesLast && version < _purgedBelow[number])
        {
            _wrong.Enqueue($"{what}: purged before version {_purgedBelow[number]}");
        }

        if (!body.AsSpan().SequenceEqual(TestContent.Bytes(start, body.Length, Seed(number, version))))
        {
            _wrong.Enqueue($"{what}: wrong bytes");
        }

        Interlocked.Add(ref _checkedBytes, body.Length);
    }
}
