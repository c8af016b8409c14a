using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Slice.Host.Status;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The events of the status page: one a second for each open page, and none for a page that does not take them.</summary>
public sealed class StatusEventsTests
{
    private const string Head = "event: status\ndata: ";

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly RangeFile _file = new(16);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Page_has_an_event_at_once_and_one_each_second_an_event()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        using var page = await ListenAsync(proxy);

        for (int second = 1; second <= 3; second++)
        {
            _time.Advance(s_second);
            using var status = await ReadEventAsync(page);
            Assert.Equal(
                ["traffic", "downloads", "cache", "origins", "errors"], status.RootElement.EnumerateObject().Select(member => member.Name));
            var samples = status.RootElement.GetProperty("traffic").GetProperty("samples");
            Assert.Equal(second, samples.GetProperty("last").GetInt64());
            Assert.Equal(1, samples.GetProperty("requests").GetArrayLength());
        }
    }

    [Fact]
    public async Task Page_that_takes_nothing_is_dropped_and_the_others_go_on()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        using var slow = await ListenAsync(proxy, receiveBufferBytes: 2048);
        using var good = await ListenAsync(proxy);
        var events = proxy.Composition.Page.Events;
        await Eventually.TrueAsync(() => events.ListenerCount == 2, "both listen");

        // The buffers of the kernel take some of them.
        for (int second = 0; events.ListenerCount == 2; second++)
        {
            Assert.True(second < 20_000, "the slow page is still there");
            _time.Advance(s_second);
            using var status = await ReadEventAsync(good);
        }

        _time.Advance(s_second);
        using var last = await ReadEventAsync(good);
        await slow.ExpectResetAsync();
        Assert.Equal(1, events.ListenerCount);
    }

    [Fact]
    public async Task Pages_are_bounded_and_a_place_is_free_again_when_one_leaves()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        var pages = new List<RawClient>();
        for (int number = 0; number < StatusEvents.MaxListeners; number++)
        {
            pages.Add(await ListenAsync(proxy));
        }

        using (var another = await RawClient.ConnectAsync(proxy.AdminEndPoint))
        {
            await another.SendAsync(Request);
            Assert.Equal(503, (await another.ReadResponseAsync()).StatusCode);
        }

        pages[0].Dispose();
        await Eventually.TrueAsync(
            () =>
            {
                // That a page has left shows when something is sent to it.
                _time.Advance(s_second);
                return proxy.Composition.Page.Events.ListenerCount < StatusEvents.MaxListeners;
            },
            "one has left");
        pages[0] = await ListenAsync(proxy);
        pages.ForEach(static page => page.Dispose());
    }

    [Fact]
    public async Task Stop_ends_the_events_in_order()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        using var page = await ListenAsync(proxy);

        var stopping = proxy.Instance.StopAsync();

        await page.ExpectClosedAsync();
        await Deadline.WithinAsync(stopping, "the instance stops");
    }

    private const string Request = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private Task<ProxyUnderTest> StartAsync(Uri origin) => ProxyUnderTest.StartAsync(origin, sliceSizeBytes: 4, lastMinutes: _time);

    private static async Task<RawClient> ListenAsync(ProxyUnderTest proxy, int? receiveBufferBytes = null)
    {
        var page = await RawClient.ConnectAsync(proxy.AdminEndPoint, receiveBufferBytes);
        await page.SendAsync(Request);
        var head = await page.ReadHeadAsync();
        Assert.Equal((200, "text/event-stream", "close"), (head.StatusCode, head.Field("Content-Type"), head.Field("Connection")));
        Assert.Equal("retry: 3000\n\n", Wire.Text(await page.ReadBytesAsync(13)));
        using var first = await ReadEventAsync(page);
        return page;
    }

    private static async Task<JsonDocument> ReadEventAsync(RawClient page)
    {
        Assert.Equal(Head, Wire.Text(await page.ReadBytesAsync(Head.Length)));
        var json = new List<byte>();
        while (await page.ReadBytesAsync(1) is [var octet] && octet != '\n')
        {
            json.Add(octet);
        }

        Assert.Equal("\n", Wire.Text(await page.ReadBytesAsync(1)));
        return JsonDocument.Parse(json.ToArray());
    }
}
