using System.Globalization;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Many clients, ranges, versions, faults and evictions at once: whatever a client gets are bytes of the one version that the
/// response names, at their places.
/// </summary>
public sealed class MixedTrafficTests
{
    private const int SliceBytes = 4 << 10;
    private const int LengthBytes = (40 * SliceBytes) + 11;
    private const int Clients = 8;
    private const int RequestsPerClient = 25;

    // Versions are whole files of their own: an origin that changed one in place could answer with the tag of one and the bytes of another.
    private readonly RangeFile[] _versions = [.. Enumerable.Range(1, 6).Select(seed => new RangeFile(LengthBytes - (seed * 100), seed))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Trait("Behaviour", "B24")]
    public async Task Bytes_are_those_of_the_version_that_the_response_names(int seed)
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, options => options with
        {
            MaxRetries = 1,
            Store = new CacheStoreOptions { MemorySizeBytes = 24 * SliceBytes },
            Limits = options.Limits with { MaxOriginRequests = 6 },
        });
        foreach (var version in _versions)
        {
            version.Fault = exchange => FaultOf(exchange.Request.Number + seed);
        }

        int[] whole = await Task.WhenAll(
            Enumerable.Range(0, Clients).Select(client => RunClientAsync(proxy, new Random((seed * 100) + client))));

        // Cuts and changes abort some responses. That many do come through shows only that the test tests something.
        Assert.True(whole.Sum() > Clients * RequestsPerClient / 4, $"{whole.Sum()} whole responses");
        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "no request is active");
        Assert.DoesNotContain(proxy.Log, line => line.Contains("internal_error", StringComparison.Ordinal));
    }

    private static RangeFault? FaultOf(int number) => (number % 41) switch
    {
        7 => new RangeFault { CutAfterBytes = number % SliceBytes },
        19 => new RangeFault { Status = "503 Service Unavailable" },
        31 => new RangeFault { AtMostBytes = 1000 },
        _ => null,
    };

    private Task AnswerAsync(OriginExchange exchange) => _versions[exchange.Request.Number / 250 % _versions.Length].AnswerAsync(exchange);

    private async Task<int> RunClientAsync(ProxyUnderTest proxy, Random random)
    {
        int whole = 0;
        for (int request = 0; request < RequestsPerClient; request++)
        {
            int first = random.Next(LengthBytes);
            int last = random.Next(first, LengthBytes);
            string[] fields = random.Next(4) == 0 ? [] : [$"Range: bytes={first}-{last}"];
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request("GET", $"/file{random.Next(2)}", fields));
            if (random.Next(10) == 0)
            {
                client.Abort();
                continue;
            }

            whole += Check(await ReadAsync(client)) ? 1 : 0;
        }

        return whole;
    }

    private static async Task<RawResponse?> ReadAsync(RawClient client)
    {
        try
        {
            return await client.ReadEndingAsync();
        }
        catch (System.Net.Sockets.SocketException)
        {
            // An abort may overtake the head.
            return null;
        }
    }

    private bool Check(RawResponse? response)
    {
        if (response is null || response.StatusCode is not (200 or 206))
        {
            Assert.True(response is null or { StatusCode: 416 or 502 or 503 }, response?.ToString());
            return false;
        }

        var version = _versions.Single(file => file.ETag == response.Field("ETag"));
        int first = response.Field("Content-Range") is { } range
            ? int.Parse(range["bytes ".Length..range.IndexOf('-', StringComparison.Ordinal)], CultureInfo.InvariantCulture)
            : 0;
        using var sink = new VerifyingSink(version.Content, first);
        sink.Append(response.Body);
        return response.Ending == ResponseEnding.Complete;
    }
}
