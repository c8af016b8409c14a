using System.Globalization;
using Slice.Core.Ranges;
using Slice.Host.Demo;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Demo;

/// <summary>The demonstration's client believes nothing: status, length, place and every byte are checked.</summary>
public sealed class DemoDownloadTests
{
    private const string Target = "/demo/sample.bin";
    private const int SizeBytes = 16;

    private static readonly TimeSpan s_silenceLimit = TimeSpan.FromSeconds(10);
    private static readonly string s_content = Content();

    [Fact]
    public async Task Download_of_the_right_bytes_counts_them()
    {
        await using var server = ScriptedOrigin.Start(exchange => RespondAsync(exchange, "200 OK", s_content, SizeBytes));
        int bytes = 0;

        var arrival = await RunAsync(server, new ByteRange(0, SizeBytes), count => bytes += count);

        Assert.Equal(SizeBytes, bytes);
        Assert.InRange(arrival.FirstByteAt, 1, arrival.LastByteAt);
        Assert.Null(server.Requests[0].Range);
    }

    [Fact]
    public async Task Download_of_a_range_asks_for_it_and_checks_its_place()
    {
        await using var server = ScriptedOrigin.Start(
            exchange => RespondAsync(exchange, "206 Partial Content", s_content[5..9], 4, "Content-Range: bytes 5-8/16"));

        await RunAsync(server, new ByteRange(5, 9));

        Assert.Equal((5, 8), server.Requests[0].Range);
    }

    [Theory]
    [InlineData("206 Partial Content", "bytes 4-7/16", 4, "status 206 instead of 200", false)]
    [InlineData("502 Bad Gateway", "", 4, "status 502 instead of 206", true)]
    [InlineData("206 Partial Content", "bytes 4-7/16", 4, "Content-Range 'bytes 4-7/16' instead of 'bytes 5-8/16'", true)]
    [InlineData("206 Partial Content", "bytes 5-8/17", 4, "Content-Range 'bytes 5-8/17' instead of 'bytes 5-8/16'", true)]
    [InlineData("206 Partial Content", "bytes 5-8/16", 3, "Content-Length 3 instead of 4", true)]
    public async Task Download_refuses_another_answer(string status, string contentRange, int contentLength, string fault, bool isRange)
    {
        await using var server = ScriptedOrigin.Start(
            exchange => RespondAsync(exchange, status, s_content[5..9], contentLength, "Content-Range: " + contentRange));

        var failure = await Assert.ThrowsAsync<DemoFailureException>(
            () => RunAsync(server, isRange ? new ByteRange(5, 9) : new ByteRange(0, SizeBytes)));

        Assert.Equal($"GET {Target}: {fault}", failure.Message);
    }

    [Fact]
    public async Task Download_names_the_position_of_a_wrong_byte()
    {
        string wrong = s_content[..11] + (char)(s_content[11] ^ 1) + s_content[12..];
        await using var server = ScriptedOrigin.Start(exchange => RespondAsync(exchange, "200 OK", wrong, SizeBytes));

        var failure = await Assert.ThrowsAsync<DemoFailureException>(() => RunAsync(server, new ByteRange(0, SizeBytes)));

        Assert.Equal($"GET {Target}: wrong byte at position 11", failure.Message);
    }

    [Fact]
    public async Task Download_notices_a_body_that_is_cut_short()
    {
        await using var server = ScriptedOrigin.Start(exchange => RespondAsync(exchange, "200 OK", s_content[..13], SizeBytes));

        var failure = await Assert.ThrowsAsync<DemoFailureException>(() => RunAsync(server, new ByteRange(0, SizeBytes)));

        Assert.Equal($"GET {Target}: the connection ended 3 bytes before the end of the body", failure.Message);
    }

    [Fact]
    public async Task Download_notices_bytes_after_the_body()
    {
        await using var server = ScriptedOrigin.Start(exchange => RespondAsync(exchange, "200 OK", s_content + "x", SizeBytes));

        var failure = await Assert.ThrowsAsync<DemoFailureException>(() => RunAsync(server, new ByteRange(0, SizeBytes)));

        Assert.Equal($"GET {Target}: bytes follow the end of the body", failure.Message);
    }

    [Fact]
    public async Task Download_of_a_response_that_stays_out_fails_after_the_limit()
    {
        var never = new TaskCompletionSource();
        await using var server = ScriptedOrigin.Start(exchange => exchange.WaitAsync(never.Task));

        var failure = await Assert.ThrowsAsync<DemoFailureException>(
            () => RunAsync(server, new ByteRange(0, SizeBytes), silenceLimit: TimeSpan.FromMilliseconds(20)));

        Assert.Equal($"GET {Target}: nothing arrived for 0.02 s", failure.Message);
    }

    [Fact]
    public async Task Download_from_nobody_says_so()
    {
        using var nobody = new RefusingPort();
        var request = new DemoRequest(
            new(System.Net.IPAddress.Loopback, nobody.Uri.Port), Target, new ByteRange(0, SizeBytes), SizeBytes, s_silenceLimit);

        var failure = await Assert.ThrowsAsync<DemoFailureException>(
            () => DemoDownload.RunAsync(request, static _ => { }, TestContext.Current.CancellationToken));

        Assert.StartsWith($"GET {Target}: ", failure.Message, StringComparison.Ordinal);
    }

    private static async Task RespondAsync(OriginExchange exchange, string status, string body, int contentLength, params string[] fields)
    {
        string lines = string.Concat(
            fields.Where(field => !field.EndsWith(": ", StringComparison.Ordinal)).Select(field => field + "\r\n"));
        string length = contentLength.ToString(CultureInfo.InvariantCulture);
        await exchange.SendAsync($"HTTP/1.1 {status}\r\n{lines}Content-Length: {length}\r\n\r\n{body}");
        await exchange.CloseAsync();
    }

    private static Task<DemoArrival> RunAsync(
        ScriptedOrigin server, ByteRange range, Action<int>? received = null, TimeSpan? silenceLimit = null)
    {
        var request = new DemoRequest(server.EndPoint, Target, range, SizeBytes, silenceLimit ?? s_silenceLimit);
        return DemoDownload.RunAsync(request, received ?? (static _ => { }), TestContext.Current.CancellationToken);
    }

    private static string Content()
    {
        byte[] bytes = new byte[SizeBytes];
        DemoContent.Fill(0, bytes, DemoContent.SeedOf(Wire.Bytes(Target)));
        return Wire.Text(bytes);
    }
}
