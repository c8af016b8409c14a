using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A version that a client is downloading when another takes its place: the download goes on to its end with what is stored of it, and
/// everybody else gets the new version (B24, B31).
/// </summary>
public sealed class ReplacedWhileReadTests
{
    private const int SliceBytes = 256 << 10;
    private const int Slices = 80;

    // More than the kernel's buffers of a connection take (10 MiB): the client is in the middle while it does not read.
    private const int LengthBytes = Slices * SliceBytes;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes)
    {
        ExtraFields = ["Cache-Control: max-age=5, stale-while-revalidate=600", "Content-Type: text/plain"],
    };

    public static TheoryData<string, string?> Replacements
    {
        get
        {
            var all = new TheoryData<string, string?>();
            foreach (string how in (string[])["refresh", "no-cache", "PURGE", "DELETE", "gone"])
            {
                all.Add(how, null);
                all.Add(how, $"bytes=1-{LengthBytes - 2}");
                all.Add(how, $"bytes=0-{LengthBytes - SliceBytes - 1},{LengthBytes - 9}-{LengthBytes - 1}");
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Replacements))]
    [Trait("Behaviour", "B24")]
    [Trait("Behaviour", "B31")]
    public async Task Download_of_a_version_that_is_replaced_ends_with_its_last_byte(string how, string? range)
    {
        bool isGone = false;
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.Request.Method == "DELETE" || isGone ? exchange.RespondAsync(isGone ? "404 Not Found" : "200 OK")
            : _file.AnswerAsync(exchange));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, time: _time);
        await VerifyAsync(proxy, seed: 1);
        string[] fields = range is null ? [] : ["Range: " + range];
        var expected = await proxy.GetAsync("/file", fields);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/file", fields));
        var head = await slow.ReadHeadAsync();

        _file.ChangeTo(seed: 2);
        isGone = how == "gone";
        await ReplaceAsync(proxy, how);
        if (!isGone)
        {
            await VerifyAsync(proxy, seed: 2);
        }

        int requests = origin.RequestCount;
        Assert.Equal(expected.Field("Content-Length"), head.Field("Content-Length"));
        AssertSameBody(expected, head, await slow.ReadBytesAsync((int)expected.BodyBytes));
        Assert.Equal(requests, origin.RequestCount);

        // Nothing of it stays behind the last reader.
        long left = isGone ? 0 : LengthBytes;
        var store = proxy.Composition.Store;
        await Eventually.TrueAsync(() => store.UsedBytes <= left + SliceBytes, () => $"{store.UsedBytes} bytes are stored");
        if (!isGone)
        {
            Assert.Equal("HIT", (await proxy.GetAsync("/file", "Range: bytes=0-0")).Field("X-Cache"));
        }
    }

    private static void AssertSameBody(RawResponse expected, RawResponse head, byte[] body)
    {
        // Boundaries are made anew for each answer, of one length.
        string type = expected.Field("Content-Type")!;
        int at = type.IndexOf("boundary=", StringComparison.Ordinal);
        byte[] wanted = expected.Body;
        if (at >= 0)
        {
            byte[] text = Wire.Bytes(type[(at + 9)..]);
            byte[] own = Wire.Bytes(head.Field("Content-Type")![(at + 9)..]);
            for (int found; (found = wanted.AsSpan().IndexOf(text)) >= 0;)
            {
                own.CopyTo(wanted, found);
            }
        }

        Assert.True(wanted.AsSpan().SequenceEqual(body), "other bytes than before the change");
    }

    private async Task ReplaceAsync(ProxyUnderTest proxy, string how)
    {
        switch (how)
        {
            case "refresh":
                // Less than the deadline of a client that takes nothing.
                _time.Advance(TimeSpan.FromSeconds(6));
                await Eventually.TrueAsync(
                    async () => (await proxy.GetAsync("/file", "Range: bytes=0-0")).Field("ETag") == "\"v2\"", () => "the refresh");
                break;
            case "no-cache":
                Assert.Equal(206, (await proxy.GetAsync("/file", "Cache-Control: no-cache", "Range: bytes=0-0")).StatusCode);
                break;
            case "gone":
                Assert.Equal(404, (await proxy.GetAsync("/file", "Cache-Control: no-cache")).StatusCode);
                break;
            default:
                using (var client = await RawClient.ConnectAsync(how == "PURGE" ? proxy.AdminEndPoint : proxy.EndPoint))
                {
                    await client.SendAsync(RawClient.Request(how, "/file"));
                    Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);
                }

                break;
        }
    }

    private static async Task VerifyAsync(ProxyUnderTest proxy, int seed)
    {
        using var sink = new VerifyingSink(TestContent.Version(seed));
        await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);
        Assert.Equal(LengthBytes, sink.Count);
    }
}
