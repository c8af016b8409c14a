using System.Collections.Concurrent;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A connection to the origin on which a client has logged in is that client's alone, and ends with it (B63).</summary>
public sealed class ConnectionLoginTests
{
    [Theory]
    [Trait("Behaviour", "B63")]
    [InlineData("NTLM", "GET")]
    [InlineData("Negotiate", "GET")]
    [InlineData("ntlm", "POST")]
    public async Task Nobody_is_answered_as_another_client(string scheme, string method)
    {
        var users = new ConcurrentDictionary<int, string>();
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, users, scheme));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var alice = await RawClient.ConnectAsync(proxy.EndPoint);
        string[] login = ["", $"Authorization: {scheme} one\r\n", $"Authorization: {scheme} alice\r\n", ""];
        string body = "";
        foreach (string credentials in login)
        {
            await alice.SendAsync($"{method} /inbox HTTP/1.1\r\nHost: x\r\n{credentials}\r\n");
            body = (await alice.ReadResponseAsync()).BodyText;
        }

        // Known without credentials from then on.
        Assert.Equal("mail of alice", body);
        foreach (string other in new[] { "GET", "POST", "PUT", "DELETE" })
        {
            using var stranger = await RawClient.ConnectAsync(proxy.EndPoint);
            await stranger.SendAsync($"{other} /inbox?{other} HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal(401, (await stranger.ReadResponseAsync()).StatusCode);
        }

        await alice.SendAsync($"{method} /inbox HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("mail of alice", (await alice.ReadResponseAsync()).BodyText);
    }

    // Nobody knows which spelling an origin reads, so every one binds.
    [Theory]
    [Trait("Behaviour", "B63")]
    [InlineData("Authorization: NTLM\talice\r\n")]
    [InlineData("Authorization:\tnTlM  alice\r\n")]
    [InlineData("Authorization: Basic YTpi\r\nAuthorization: NTLM alice\r\n")]
    [InlineData("Authorization: Basic YTpi, Negotiate alice\r\n")]
    public async Task Login_in_an_odd_spelling_is_as_private(string credentials)
    {
        var users = new ConcurrentDictionary<int, bool>();
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            int connection = exchange.Request.ConnectionNumber;
            users[connection] = users.ContainsKey(connection) || exchange.Request.HeadText.Contains("alice", StringComparison.Ordinal);
            return exchange.RespondAsync("200 OK", users[connection] ? "mail of alice" : "for all", "Cache-Control: no-store");
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var alice = await RawClient.ConnectAsync(proxy.EndPoint);
        foreach (string own in new[] { credentials, "" })
        {
            await alice.SendAsync($"POST /inbox HTTP/1.1\r\nHost: x\r\n{own}\r\n");
            Assert.Equal("mail of alice", (await alice.ReadResponseAsync()).BodyText);
        }

        using var stranger = await RawClient.ConnectAsync(proxy.EndPoint);
        await stranger.SendAsync("POST /inbox HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("for all", (await stranger.ReadResponseAsync()).BodyText);
    }

    [Fact]
    [Trait("Behaviour", "B63")]
    public async Task Connection_of_a_login_ends_with_its_client()
    {
        var ended = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.RespondAsync("200 OK", "in");
            if (exchange.Request.Field("Authorization") is not null)
            {
                await exchange.ClientClosedAsync();
                ended.SetResult();
            }
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync("POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM abc\r\n\r\n");
            await client.ReadResponseAsync();
            Assert.False(ended.Task.IsCompleted);
        }

        await Deadline.WithinAsync(ended.Task, "the connection to the origin ends");
    }

    // As IIS does: who has shown the last message of a login owns the connection.
    private static Task AnswerAsync(OriginExchange exchange, ConcurrentDictionary<int, string> users, string scheme)
    {
        int connection = exchange.Request.ConnectionNumber;
        if (exchange.Request.Field("Authorization") == $"{scheme} alice")
        {
            users[connection] = "alice";
        }

        return users.TryGetValue(connection, out string? user)
            ? exchange.RespondAsync("200 OK", $"mail of {user}", "Cache-Control: private")
            : exchange.RespondAsync("401 Unauthorized", "", $"WWW-Authenticate: {scheme} abc");
    }
}
