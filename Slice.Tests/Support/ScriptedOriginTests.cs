using System.Net.Sockets;

namespace Slice.Tests.Support;

public sealed class ScriptedOriginTests
{
    [Fact]
    public async Task Request_is_recorded_byte_by_byte()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers("HTTP/1.1 204 No Content\r\n\r\n");
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        const string Request = "POST /a?b HTTP/1.1\r\nhOsT:  x \r\nContent-Length: 3\r\nX: \u00e9\r\n\r\nabc";
        await client.SendAsync(Request);
        RawResponse response = await client.ReadResponseAsync();
        Assert.Equal("HTTP/1.1 204 No Content\r\n\r\n", response.HeadText);
        OriginRequest recorded = Assert.Single(origin.Requests);
        Assert.Equal(Request[..^3], recorded.HeadText);
        Assert.Equal("abc", Wire.Text(recorded.Body.Span));
        Assert.Equal(("POST", "/a?b", "x"), (recorded.Method, recorded.Target, recorded.Field("Host")));
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order_on_one_connection()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", exchange.Request.Target));
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/1") + RawClient.Request("GET", "/2"));
        Assert.Equal("/1", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal("/2", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal((2, 1, 1), (origin.RequestCount, origin.ConnectionCount, origin.PeakConcurrentRequests));
    }

    [Fact]
    public async Task Requests_held_at_a_gate_count_as_concurrent()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await exchange.RespondAsync("200 OK");
        });
        Task<RawResponse>[] clients = [.. Enumerable.Range(0, 10).Select(_ => RawClient.GetAsync(origin.EndPoint, "/"))];
        await origin.RequestsArrivedAsync(10);
        gate.SetResult();
        await Task.WhenAll(clients);
        Assert.Equal(10, origin.PeakConcurrentRequests);
    }

    [Fact]
    public async Task Close_inside_a_body_shows_as_cut_by_close()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
            await exchange.CloseAsync();
        });
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        RawResponse response = await client.ReadEndingAsync();
        Assert.Equal((ResponseEnding.CutByClose, "ab"), (response.Ending, response.BodyText));
    }

    [Fact]
    public async Task Reset_shows_as_reset()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ResetAsync());
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await client.ExpectResetAsync();
    }

    [Fact]
    public async Task Client_abort_is_seen_by_the_script()
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.ClientClosedAsync();
            seen.SetResult();
        });
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await origin.RequestsArrivedAsync(1);
        client.Abort();
        await Deadline.WithinAsync(seen.Task, "the script sees the abort");
    }

    [Fact]
    public async Task Expect_leaves_the_body_to_the_script()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await exchange.ReadBodyAsync();
            await exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span));
        });
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("PUT", "/", "Expect: 100-continue", "Transfer-Encoding: chunked"));
        await client.SendAsync("2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n");
        RawResponse response = await client.ReadResponseAsync();
        Assert.Equal("abc", response.BodyText);
        Assert.Equal(["HTTP/1.1 100 Continue\r\n\r\n"], response.InterimHeads);
    }

    [Fact]
    public async Task Script_with_a_bug_fails_the_disposal()
    {
        ScriptedOrigin origin = ScriptedOrigin.Start(_ => throw new FormatException("bug"));
        await Assert.ThrowsAnyAsync<Exception>(() => RawClient.GetAsync(origin.EndPoint, "/"));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => origin.DisposeAsync().AsTask());
        Assert.IsType<FormatException>(failure.InnerException);
    }

    [Fact]
    public async Task Disposal_ends_a_script_that_waits_and_frees_the_port()
    {
        var never = new TaskCompletionSource();
        ScriptedOrigin origin = ScriptedOrigin.Start(exchange => exchange.WaitAsync(never.Task));
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await origin.RequestsArrivedAsync(1);
        await origin.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => RawClient.ConnectAsync(origin.Port));
    }
}
