using Slice.Core.Http;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// What clients send to confuse a proxy about where requests end (B36 to B38). The origin gives each request's target back in
/// X-Token, so that an answer, or a byte of it, that belongs to another request shows.
/// </summary>
public sealed class HostileRequestsTests
{
    private const string Behind = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

    public static TheoryData<string> RefusedRequests => new(
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 35\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 35\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 35\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 35\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nX: a\0\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\n\0: a\r\n\r\n",
        "POST /r\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r HTTP/1.1\nHost: x\n\n",
        "GET /r HTTP/1.1\r\nHost: x\r\n\n",
        "GET /r HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n",
        "GET /r HTTP/1.1\r\nHost: x\r\n\tfolded\r\n\r\n",
        "GET /r HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET /r HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /r HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET /r HTTP/1.1\r\nHost: x/../y\r\n\r\n",
        "GET /r HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /r HTTP/1.1\r\nX: y\r\n\r\n",
        "GET http://x/r HTTP/1.1\r\n\r\n",
        "GET http://user@x/r HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET ftp://x/r HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r#f HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET  /r HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r HTTP/1.1 \r\nHost: x\r\n\r\n",
        "GET\t/r\tHTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r\r\n\r\n",
        "G(T /r HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /r HTTP/0.9\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\nGET /r HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc",
        "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n",
        "CONNECT /r HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nExpect: 100-continue, x\r\nContent-Length: 35\r\n\r\n",
        "POST /r HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 35\r\n\r\n");

    public static TheoryData<string> BrokenChunks => new(
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\n\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5;x\ny\r\nhello\r\n0\r\n\r\n",
        "8000000000000000\r\nhello",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\nA: b\n\r\n");

    [Theory]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B37")]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(RefusedRequests))]
    public async Task Refused_request_and_all_behind_it_reach_nobody(string refused)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(proxy, Wire.Bytes("GET /before HTTP/1.1\r\nHost: x\r\n\r\n" + refused + Behind), ["GET", "POST"]);

        Assert.Equal(2, answers.Count);
        Assert.Equal(("/before", "/before"), (answers[0].Field("X-Token"), answers[0].BodyText));
        Assert.InRange(answers[1].StatusCode, 400, 505);
        Assert.Equal("close", answers[1].Field("Connection"));
        Assert.Null(answers[1].Field("X-Token"));
        Assert.Equal("/before", Assert.Single(origin.Requests).Target);
        await AssertUnharmedAsync(proxy);
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [Trait("Behaviour", "B39")]
    [InlineData("POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 524288\r\nContent-Length: 524288\r\n\r\n", 400)]
    [InlineData("POST /r HTTP/1.1\r\nHost: x\r\nContent-Length: 524288\r\n\r\n", 413)]
    [InlineData("CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nContent-Length: 524288\r\n\r\n", 501)]
    public async Task Body_behind_a_refused_head_does_not_destroy_the_answer(string refused, int status)
    {
        // Unread bytes at a close would make the kernel send a reset, which overtakes what the client has not read yet (RFC 9112 §9.6).
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(refused);
        await client.SendAsync(new byte[512 << 10]);

        Assert.Equal(status, (await client.ReadResponseAsync("POST")).StatusCode);
        await client.ExpectClosedAsync();
        Assert.Equal(0, origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(BrokenChunks))]
    public async Task Broken_chunk_ends_the_connection_and_what_is_behind_it_reaches_nobody(string chunks)
    {
        // The origin may have been asked before the body broke; it must see a request that is not whole.
        await using var origin = ScriptedOrigin.Start(EchoAsync);
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(
            proxy, Wire.Bytes("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + Behind), ["POST"]);

        Assert.Equal(400, Assert.Single(answers).StatusCode);
        Assert.DoesNotContain(
            origin.Requests,
            request => request.Target != "/body" || request.HeadText.Contains("Content-Length: 0", StringComparison.Ordinal));
        await AssertUnharmedAsync(proxy);
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /last HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n")]
    [InlineData("GET /last HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: x,Close\r\n\r\n")]
    [InlineData("GET /last HTTP/1.0\r\nHost: x\r\n\r\n")]
    [InlineData("POST /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")]
    public async Task Request_behind_the_last_one_is_not_answered(string last)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(proxy, Wire.Bytes(last + Behind), ["GET"]);

        Assert.Equal("/last", Assert.Single(answers).Field("X-Token"));
        Assert.Equal("/last", Assert.Single(origin.Requests).Target);
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Head_cut_off_at_any_byte_reaches_nobody()
    {
        const string Whole = "POST /cut HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX-A: b\r\n\r\n";
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);
        for (int length = 0; length < Whole.Length; length++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(Whole[..length]);
            client.FinishSending();
            await client.ExpectClosedAsync();
        }

        Assert.Equal(0, origin.RequestCount);
        await AssertUnharmedAsync(proxy);
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("http://elsewhere.example/abs", "x", "/abs")]
    [InlineData("http://elsewhere.example:81/abs?q", "elsewhere.example", "/abs?q")]
    [InlineData("HTTP://elsewhere.example", "y", "/")]
    [InlineData("https://elsewhere.example/abs", "x", "/abs")]
    public async Task Absolute_target_with_another_host_is_asked_of_the_configured_origin(string target, string host, string path)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(
            proxy, Wire.Bytes($"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), ["GET"]);

        Assert.Equal(path, Assert.Single(answers).Field("X-Token"));
        Assert.Equal((path, origin.Authority), (origin.Requests[0].Target, origin.Requests[0].Field("Host")));
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody", 1, "/e")]
    [InlineData("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 1, "/e")]
    [InlineData("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody", 1, "/e")]
    [InlineData("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", 0, "/e")]
    [InlineData("GET /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", 0, "/e")]
    [InlineData("POST /e HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody", 0, "/e")]
    public async Task Continue_is_said_once_to_whom_it_is_due_and_the_next_request_is_found(string request, int continues, string token)
    {
        await using var origin = ScriptedOrigin.Start(
            async exchange =>
            {
                if (exchange.Request.Field("Expect") is not null)
                {
                    await exchange.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
                }

                await exchange.ReadBodyAsync();
                await exchange.SendAsync($"HTTP/1.1 200 OK\r\nX-Token: {exchange.Request.Target}\r\nContent-Length: 0\r\n\r\n");
            },
            readsBodies: false);
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(
            proxy, Wire.Bytes(request + "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), ["POST", "GET"]);

        Assert.Equal([token, "/next"], answers.Select(answer => answer.Field("X-Token")));
        Assert.Equal([continues, 0], answers.Select(answer => answer.InterimHeads.Count));
        Assert.All(answers[0].InterimHeads, interim => Assert.StartsWith("HTTP/1.1 100 Continue\r\n", interim, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B42")]
    [InlineData("GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n")]
    [InlineData("GET /up HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("POST /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task Upgrade_that_is_not_granted_opens_no_way_to_the_origin(string request)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(
            proxy, Wire.Bytes(request + "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), ["GET"]);

        Assert.Equal(["/up", "/next"], answers.Select(answer => answer.Field("X-Token")));
        Assert.Equal(["/up", "/next"], origin.Requests.Select(asked => asked.Target));

        // The second reached it as a request of ours, not as bytes behind the first.
        Assert.NotNull(origin.Requests[1].Field("Via"));
        await AssertUnharmedAsync(proxy);
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B39")]
    public async Task Body_that_is_too_large_is_refused_without_continue()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin);

        var answers = await ConverseAsync(
            proxy, Wire.Bytes("POST /big HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1025\r\n\r\n" + Behind), ["POST"]);

        Assert.Equal((413, 0), (Assert.Single(answers).StatusCode, answers[0].InterimHeads.Count));
        Assert.Equal(0, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Ten_thousand_pipelined_requests_get_their_own_answers_in_order()
    {
        const int Count = 10_000;
        var file = new RangeFile(64 << 10);
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Target == "/sliced/file" ? file.AnswerAsync(exchange) : EchoAsync(exchange));
        await using var proxy = await StartProxyAsync(origin, sliceSizeBytes: 4 << 10);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        Task sending = client.SendAsync(string.Concat(Enumerable.Range(0, Count).Select(RequestText)));
        for (int number = 0; number < Count; number++)
        {
            var answer = await client.ReadResponseAsync(number % 50 == 1 ? "HEAD" : "GET");
            switch (number % 50)
            {
                case 0:
                    Assert.Equal($"/echo/{number}", answer.Field("X-Token"));
                    break;
                case 1:
                    Assert.Equal((200, "65536"), (answer.StatusCode, answer.Field("Content-Length")));
                    break;
                case 2:
                    Assert.Equal((416, "bytes */65536"), (answer.StatusCode, answer.Field("Content-Range")));
                    break;
                default:
                    Assert.Equal($"bytes {number}-{number + 6}/65536", answer.Field("Content-Range"));
                    Assert.Equal(TestContent.Bytes(number, 7, file.Seed), answer.Body);
                    break;
            }
        }

        await sending;
        await AssertUnharmedAsync(proxy);

        static string RequestText(int number) => (number % 50) switch
        {
            0 => $"GET /echo/{number} HTTP/1.1\r\nHost: x\r\n\r\n",
            1 => "HEAD /sliced/file HTTP/1.1\r\nHost: x\r\n\r\n",
            2 => $"GET /sliced/file HTTP/1.1\r\nHost: x\r\nRange: bytes={65536 + number}-\r\n\r\n",
            _ => $"GET /sliced/file HTTP/1.1\r\nHost: x\r\nRange: bytes={number}-{number + 6}\r\n\r\n",
        };
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B37")]
    [Trait("Behaviour", "B38")]
    public async Task Mutated_pipelines_get_their_own_answers_in_order_or_none()
    {
        // The origin remembers every request: there is an end to what memory holds.
        int sequences = (int)Math.Min(FuzzRun.Iterations(150), 50_000);
        int tokens = 0;
        int refusals = 0;
        List<string> expected = [];
        var time = new FakeTimeProvider();
        await using var origin = StartOrigin();
        await using var proxy = await StartProxyAsync(origin, time: time);
        foreach (ulong seed in FuzzRun.Seeds())
        {
            for (ulong number = 0; number < (ulong)sequences; number++)
            {
                byte[] input = MakePipeline(seed + number);
                try
                {
                    var answers = await CheckPipelineAsync(proxy, time, input, expected);
                    tokens += answers.Count(answer => answer.Field("X-Token") is not null);
                    refusals += answers.Count(answer => answer.StatusCode >= 400);
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException($"pipeline {number} of SLICE_FUZZ_SEED={seed} fails: {Wire.Show(input)}", failure);
                }
            }
        }

        // Nothing of what is no request reached the origin. Not looked at per pipeline: a body that is refused leaves its head on the way.
        Assert.Empty(origin.Requests.Select(request => request.Target).Except([.. expected, .. expected.Select(NormalForm)]));
        Assert.InRange(origin.RequestCount, 1, expected.Count);

        // The mixture is worth something: many are answered, and many refused.
        TestContext.Current.TestOutputHelper?.WriteLine($"{tokens} answers of the origin, {refusals} refusals");
        Assert.InRange(tokens, sequences, sequences * 12);
        Assert.InRange(refusals, sequences / 10, sequences * 2);
        await AssertUnharmedAsync(proxy);
    }

    private static async Task<List<RawResponse>> CheckPipelineAsync(
        ProxyUnderTest proxy, FakeTimeProvider time, byte[] input, List<string> expected)
    {
        var model = RequestModel.Read(input);
        expected.AddRange(model.Requests.Select(request => request.Target));
        string[] methods = [.. model.Requests.Select(request => request.Method), model.MethodBehind];

        // A body or a head that is not whole is waited for until its deadline.
        var answers = await PassingTime.UntilAsync(time, ConverseAsync(proxy, input, methods), "the connection ends");

        Assert.InRange(answers.Count, 0, methods.Length);
        for (int index = 0; index < answers.Count; index++)
        {
            string? token = answers[index].Field("X-Token");
            if (index < model.Requests.Count)
            {
                // Answers of ours, such as 501 to CONNECT, have no token. A GET or HEAD that others may have the answer to is asked for in
                // the normal form of its target (B43).
                var (method, target) = (model.Requests[index].Method, model.Requests[index].Target);
                bool isItsOwn = token is null || token == target || (method is "GET" or "HEAD" && token == NormalForm(target));
                Assert.True(isItsOwn, $"answer {index} is that of {token}");
            }
            else
            {
                Assert.Null(token);
                Assert.InRange(answers[index].StatusCode, 400, 505);
            }
        }

        return answers;
    }

    private static string NormalForm(string target)
    {
        byte[] normal = new byte[target.Length];
        return Wire.Text(normal.AsSpan(0, NormalizedTarget.Write(Wire.Bytes(target), normal)));
    }

    // Requests with tokens of their own, one in four of them mutated, and one that ends the connection.
    private static byte[] MakePipeline(ulong seed)
    {
        var random = new FuzzRandom(seed);
        var mutator = new FuzzMutator(RequestHeadFuzz.Grammar);
        var input = new List<byte>();
        for (int number = 1 + random.Below(5); number > 0; number--)
        {
            input.AddRange(
                random.OneIn(4) ? mutator.Make(random.NextBits()) : Wire.Bytes($"GET /{seed % 1000}/{number} HTTP/1.1\r\nHost: x\r\n\r\n"));
        }

        input.AddRange("GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"u8);
        return [.. input];
    }

    // Sends everything and reads answers until the proxy ends the connection.
    private static async Task<List<RawResponse>> ConverseAsync(ProxyUnderTest proxy, byte[] input, string[] methods)
    {
        List<RawResponse> answers = [];
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(input);
        try
        {
            while (answers.Count <= methods.Length)
            {
                answers.Add(await client.ReadEndingAsync(methods[Math.Min(answers.Count, methods.Length - 1)]));
            }
        }
        catch (Exception end) when (end is EndOfStreamException or SocketException)
        {
            // No further answer.
        }

        return answers;
    }

    private static ScriptedOrigin StartOrigin() => ScriptedOrigin.Start(EchoAsync);

    private static async Task EchoAsync(OriginExchange exchange)
    {
        string token = exchange.Request.Target;
        if (exchange.Request.Field("Expect") is not null)
        {
            // Left to the script by the origin; the connection is used again.
            await exchange.ReadBodyAsync();
        }

        await (exchange.Request.Method == "HEAD"
            ? exchange.SendAsync($"HTTP/1.1 200 OK\r\nX-Token: {token}\r\nContent-Length: 0\r\n\r\n")
            : exchange.RespondAsync("200 OK", token, $"X-Token: {token}", "Cache-Control: no-store"));
    }

    private static Task<ProxyUnderTest> StartProxyAsync(ScriptedOrigin origin, int sliceSizeBytes = 4, TimeProvider? time = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes,
            options => options with { SlicePatterns = ["^/sliced/"], Limits = options.Limits with { RequestBodyBytes = 1024 } },
            time);

    private static async Task AssertUnharmedAsync(ProxyUnderTest proxy)
    {
        // The client has its answer a moment before the request is over.
        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "no request is active");
        Assert.DoesNotContain(proxy.Log, line => line.Contains("unexpected", StringComparison.Ordinal));
    }
}
