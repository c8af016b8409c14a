using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Whatever fields an origin sends with the right bytes, the client gets the right bytes, again and again.</summary>
public sealed class OddMetadataTests
{
    [Theory]
    [InlineData("Cache-Control: max-age=2147483648")]
    [InlineData("Cache-Control: max-age=99999999999999999999999999")]
    [InlineData("Cache-Control: max-age=922337203685")]
    [InlineData("Cache-Control: s-maxage=18446744073709551615, max-age=0")]
    [InlineData("Cache-Control: max-age=-1")]
    [InlineData("Cache-Control: max-age")]
    [InlineData("Cache-Control: max-age=\"60\"")]
    [InlineData("Cache-Control: ,,;==,\"unterminated")]
    [InlineData("Cache-Control: no-cache")]
    [InlineData("Cache-Control: no-store")]
    [InlineData("Cache-Control: private")]
    [InlineData("Age: 4294967295")]
    [InlineData("Age: 99999999999999999999")]
    [InlineData("Age: -1")]
    [InlineData("Expires: 0")]
    [InlineData("Expires: Fri, 31 Dec 9999 23:59:59 GMT")]
    [InlineData("Expires: Mon, 01 Jan 0001 00:00:00 GMT")]
    [InlineData("Expires: Sunday, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Set-Cookie: a=b")]
    [InlineData("Vary: *")]
    [InlineData("Vary: Cookie")]
    [InlineData("Content-Disposition: attachment; filename=\"\u00e9\u00ff.bin\"")]
    [InlineData("X-Empty:")]
    [InlineData("Content-Type: a, b, c")]
    [InlineData("Content-Language: \u00e9")]
    [InlineData("Accept-Ranges: none")]
    [InlineData("Via: 1.1 pingora-slice")]
    [InlineData("Connection: ETag, Content-Range, Content-Length, Content-Type")]
    public async Task Object_with_odd_fields_is_served_byte_exact(string field)
    {
        var file = new RangeFile(16) { ExtraFields = [field] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        for (int request = 0; request < 3; request++)
        {
            var response = await proxy.GetAsync("/file");
            Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
            Assert.Equal(TestContent.Bytes(0, 16, file.Seed), response.Body);
        }

        Assert.Equal(TestContent.Bytes(3, 6, file.Seed), (await proxy.GetAsync("/file", "Range: bytes=3-8")).Body);
        Assert.DoesNotContain(proxy.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Date: Mon, 01 Jan 0001 00:00:00 GMT")]
    [InlineData("Date: Fri, 31 Dec 9999 23:59:59 GMT\r\nCache-Control: max-age=60")]
    [InlineData("Date: yesterday")]
    [InlineData("Date: Mon, 01 Jan 0001 00:00:00 GMT\r\nAge: 4294967295")]
    [InlineData("Date: Mon, 01 Jan 2026 00:00:00 GMT\r\nDate: Mon, 01 Jan 2025 00:00:00 GMT")]
    [InlineData("ETag: unquoted")]
    [InlineData("ETag: \"")]
    [InlineData("ETag:")]
    [InlineData("ETag: \"a\"\r\nETag: \"b\"")]
    [InlineData("ETag: \"\u00e9\"")]
    [InlineData("Last-Modified: never")]
    [InlineData("Last-Modified: Fri, 31 Dec 9999 23:59:59 GMT")]
    public async Task Object_with_odd_dates_and_tags_is_served_byte_exact(string fields)
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            var (first, last) = exchange.Request.Range!.Value;
            return exchange.SendAsync(
                $"HTTP/1.1 206 Partial Content\r\n{fields}\r\nContent-Range: bytes {first}-{last}/8\r\nContent-Length: 4\r\n\r\n"
                + "01234567"[(int)first..(int)(last + 1)]);
        });
        await using var proxy = await StartAsync(origin);

        for (int request = 0; request < 3; request++)
        {
            Assert.Equal("01234567", (await proxy.GetAsync("/file")).BodyText);
        }

        Assert.DoesNotContain(proxy.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bytes 0-3/9223372036854775807")]
    [InlineData("bytes 0-3/18446744073709551616")]
    [InlineData("bytes 0-3/1125899906842624")]
    public async Task Claimed_length_beyond_reason_costs_no_memory_and_no_instance(string contentRange)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? exchange.RespondAsync("200 OK", "whole")
            : exchange.RespondAsync("206 Partial Content", "0123", "Content-Range: " + contentRange));
        await using var proxy = await StartAsync(origin);

        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        var response = await client.ReadEndingAsync();

        Assert.True(response.StatusCode is 200 or 502, response.ToString());
        Assert.Contains("healthy", (await proxy.GetAsync("/health")).BodyText, StringComparison.Ordinal);
        Assert.DoesNotContain(proxy.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("HTTP/1.1 abc OK\r\n\r\n")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Length: 5\r\nContent-Range: bytes 0-3/8\r\n\r\n01234")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nContent-Length: x\r\nContent-Range: bytes 0-3/8\r\n\r\n0123")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 0-3/8\r\n\r\nzz\r\n0123\r\n")]
    [InlineData(
        "HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: gzip, chunked\r\nContent-Range: bytes 0-3/8\r\n\r\n"
        + "4\r\n0123\r\n0\r\n\r\n")]
    [InlineData("")]
    public async Task Answer_that_is_no_http_is_502_or_an_abort(string answer)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(answer);
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);

        foreach (string method in new[] { "GET", "POST" })
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request(method, "/file"));
            var response = await client.ReadEndingAsync();
            Assert.True(response.StatusCode == 502 || response.Ending != ResponseEnding.Complete, response.ToString());
        }

        Assert.DoesNotContain(proxy.Log, line => line.Contains("internal_error", StringComparison.Ordinal));
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, options => options with { MaxRetries = 0 });
}
