namespace Slice.Tests.Support;

public sealed class RawClientTests
{
    [Fact]
    public async Task Connection_to_itself_is_refused()
    {
        var self = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, FreePort.Reserve());
        var error = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => RawClient.ConnectFromAsync(self, self));
        Assert.Equal(System.Net.Sockets.SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Fact]
    public async Task Chunked_body_is_joined_and_the_trailer_kept()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n");
        RawResponse response = await RawClient.GetAsync(origin.EndPoint, "/");
        Assert.Equal("abc0123456789", response.BodyText);
        Assert.Equal(["X: y"], response.TrailerLines);
    }

    [Fact]
    public async Task Chunk_longer_than_its_size_is_refused()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n");
        await Assert.ThrowsAsync<InvalidDataException>(() => RawClient.GetAsync(origin.EndPoint, "/"));
    }

    [Fact]
    public async Task Body_without_framing_ends_with_the_connection()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\n\r\nto the end");
            await exchange.CloseAsync();
        });
        RawResponse response = await RawClient.GetAsync(origin.EndPoint, "/");
        Assert.Equal(("to the end", ResponseEnding.Complete), (response.BodyText, response.Ending));
    }

    [Theory]
    [InlineData("HEAD", "200 OK")]
    [InlineData("GET", "304 Not Modified")]
    public async Task Response_without_content_ends_with_its_head(string method, string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n"));
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request(method, "/"));
        Assert.Empty((await client.ReadResponseAsync(method)).Body);
    }

    [Fact]
    public async Task Response_cut_short_fails_an_ordinary_read()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
            await exchange.CloseAsync();
        });
        await Assert.ThrowsAsync<EndOfStreamException>(() => RawClient.GetAsync(origin.EndPoint, "/"));
    }

    [Fact]
    public async Task Deadline_failure_shows_what_arrived()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers("HTTP/1.1 200 O");
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await client.ReadBytesAsync(9);
        client.Deadline = TimeSpan.FromMilliseconds(1);
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => client.ReadHeadAsync());
        Assert.Contains("200 O", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Close_is_told_from_bytes()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.RespondAsync("200 OK", "x");
            await exchange.CloseAsync();
        });
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await Assert.ThrowsAsync<InvalidDataException>(client.ExpectClosedAsync);
        await client.ReadResponseAsync();
        await client.ExpectClosedAsync();
    }

    [Fact]
    public async Task Field_named_twice_fails_where_one_is_asked()
    {
        await using var origin = ScriptedOrigin.StartWithAnswers("HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n");
        RawResponse response = await RawClient.GetAsync(origin.EndPoint, "/");
        Assert.Equal(["1", "2"], response.Fields("A"));
        Assert.Throws<InvalidDataException>(() => response.Field("A"));
    }
}
