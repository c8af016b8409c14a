using System.Collections.Concurrent;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A herd costs the origin every byte once, whatever one client was refused before it, or is refused at its head (B32, B51).
/// </summary>
public sealed class CollapsingBehindOthersTests
{
    private const int SliceBytes = 8;
    private const int Slices = 7;
    private const int Herd = 20;

    private readonly TaskCompletionSource _herdIsThere = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RangeFile _file = new(Slices * SliceBytes)
    {
        ExtraFields = ["Cache-Control: max-age=60", "Vary: Accept-Language"],
    };

    // What one request was answered says nothing about the next: refused, not to be stored, with a value too long to tell it from others.
    [Theory]
    [Trait("Behaviour", "B51")]
    [InlineData("Referer: http://evil.example/", 1, 403)]
    [InlineData("User-Agent: old", 1, 302)]
    [InlineData("Cache-Control: no-store", 1, 200)]
    [InlineData("Accept-Language: de-", 3000, 200)]
    public async Task Herd_after_an_answer_for_one_client_alone_makes_one_request_for_each_slice(string field, int repeats, int status)
    {
        bool isHeld = false;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Field("Referer") is not null)
            {
                await exchange.RespondAsync("403 Forbidden", "no hot links");
                return;
            }

            if (exchange.Request.Field("User-Agent") == "old")
            {
                await exchange.RespondAsync("302 Found", "", "Location: /update", "Cache-Control: no-store");
                return;
            }

            await exchange.WaitAsync(isHeld ? _herdIsThere.Task : Task.CompletedTask);
            await _file.AnswerAsync(exchange);
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        Assert.Equal(status, (await proxy.GetAsync("/file", field + new string('x', repeats - 1))).StatusCode);
        int before = origin.RequestCount;
        isHeld = true;

        var herd = StartHerd(proxy);
        await ActiveAsync(proxy, Herd);
        _herdIsThere.SetResult();

        await AllServedAsync(herd);
        Assert.Equal(before + Slices, origin.RequestCount);
    }

    // The origin hangs up on them, and answers none of their repeats before the others have been served. They ask for the first slice only,
    // so that no fetch of another slice is theirs.
    [Theory]
    [Trait("Behaviour", "B51")]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Herd_behind_clients_that_the_origin_hangs_up_on_does_not_wait_for_their_repeats(int wolves)
    {
        var isServed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tried = new ConcurrentDictionary<string, bool>();
        int good = 0;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Field("User-Agent") is { } wolf)
            {
                await exchange.WaitAsync(tried.TryAdd(wolf, true) ? _herdIsThere.Task : isServed.Task);
                await exchange.ResetAsync();
                return;
            }

            Interlocked.Increment(ref good);
            await _file.AnswerAsync(exchange);
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        var pack = new List<Task<RawResponse>>();
        for (int wolf = 1; wolf <= wolves; wolf++)
        {
            pack.Add(proxy.GetAsync("/file", $"User-Agent: wolf {wolf}", $"Range: bytes=0-{SliceBytes - 1}"));
            await ActiveAsync(proxy, wolf);
        }

        await origin.RequestsArrivedAsync(1);
        var herd = StartHerd(proxy);
        await ActiveAsync(proxy, wolves + Herd);
        _herdIsThere.SetResult();

        await AllServedAsync(herd);
        Assert.Equal(Slices, good);
        isServed.SetResult();
        await Task.WhenAll(pack);
    }

    [Theory]
    [Trait("Behaviour", "B52")]
    [InlineData("POST")]
    [InlineData("PURGE")]
    public async Task Removal_while_a_body_of_unknown_length_comes_wins_over_the_body(string method)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Method == "POST")
            {
                await exchange.RespondAsync("200 OK", "done");
                return;
            }

            await exchange.SendAsync("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            await exchange.WaitAsync(_herdIsThere.Task);
            await exchange.SendAsync("6\r\n world\r\n0\r\n\r\n");
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, SliceBytes, options => options with { Purge = options.Purge with { AuthToken = "t" } });
        using var reader = await RawClient.ConnectAsync(proxy.EndPoint);
        await reader.SendAsync("GET /file HTTP/1.1\r\nHost: test.example\r\n\r\n");
        await reader.ReadHeadAsync();
        Assert.Equal("5\r\nhello\r\n"u8.ToArray(), await reader.ReadBytesAsync(10));

        using (var remover = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await remover.SendAsync($"{method} /file HTTP/1.1\r\nHost: test.example\r\nX-Purge-Token: t\r\nContent-Length: 0\r\n\r\n");
            await remover.ReadHeadAsync();
        }

        _herdIsThere.SetResult();
        Assert.Equal("6\r\n world\r\n0\r\n\r\n"u8.ToArray(), await reader.ReadBytesAsync(16));

        Assert.Equal("MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B53")]
    public async Task Variant_in_use_outlives_a_flood_of_invented_values()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        await proxy.GetAsync("/file", "Accept-Language: de");
        Assert.Equal("HIT", (await proxy.GetAsync("/file", "Accept-Language: de")).Field("X-Cache"));

        for (int number = 0; number < 40; number++)
        {
            await proxy.GetAsync("/file", "Range: bytes=0-0", $"Accept-Language: x{number}");
        }

        Assert.Equal("HIT", (await proxy.GetAsync("/file", "Accept-Language: de")).Field("X-Cache"));
    }

    private static Task<RawResponse>[] StartHerd(ProxyUnderTest proxy) =>
        [.. Enumerable.Range(0, Herd).Select(_ => proxy.GetAsync("/file"))];

    private async Task AllServedAsync(Task<RawResponse>[] herd)
    {
        byte[] content = TestContent.Bytes(0, Slices * SliceBytes, _file.Seed);
        foreach (var response in await Task.WhenAll(herd))
        {
            Assert.Equal(200, response.StatusCode);
            Assert.Equal(content, response.Body);
        }
    }

    private static Task ActiveAsync(ProxyUnderTest proxy, int requests) => Eventually.TrueAsync(
        () => proxy.Instance.Parts.Meter.ActiveRequests.Value == requests, () => $"{requests} active requests");
}
