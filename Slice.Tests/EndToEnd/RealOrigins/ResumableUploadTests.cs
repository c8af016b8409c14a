using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>
/// Uploads that are taken up again where they were cut, in the two ways in use: PUT with Content-Range (object stores), and tus (POST,
/// HEAD, PATCH with Upload-Offset). The server is Python's, with the little that these protocols add.
/// </summary>
public sealed class ResumableUploadTests
{
    private const int LengthBytes = 300_000;
    private const int FirstBytes = 100_000;

    // An upload's status is asked for by the same method as the upload itself, without content: with its Content-Range left out, the query
    // would be an upload of no bytes, and the file would be empty.
    private const string Program = """
        import http.server, sys
        files = {}
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def tell(self, status, *fields, body=b""):
                self.send_response(status)
                for name, value in fields: self.send_header(name, value)
                if status != 204: self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD": self.wfile.write(body)
            def content(self): return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            def do_PUT(self):
                data, (span, total) = self.content(), self.headers.get("Content-Range", "bytes 0-0/0")[6:].split("/")
                if span != "*" and int(span.split("-")[0]) != len(files.get(self.path, b"")): return self.tell(416)
                file = files[self.path] = files.get(self.path, b"") + (data if span != "*" else b"")
                if len(file) >= int(total): return self.tell(201)
                self.tell(308, ("Range", "bytes=0-%d" % (len(file) - 1)))
            def do_POST(self):
                files[self.path + "/1"] = b""
                self.content()
                self.tell(201, ("Location", self.path + "/1"), ("Tus-Resumable", self.headers["Tus-Resumable"]))
            def do_PATCH(self):
                data = self.content()
                if int(self.headers["Upload-Offset"]) != len(files[self.path]): return self.tell(409)
                files[self.path] += data
                self.tell(204, ("Upload-Offset", str(len(files[self.path]))), ("Tus-Resumable", "1.0.0"))
            def do_HEAD(self):
                self.tell(200, ("Upload-Offset", str(len(files[self.path]))), ("Cache-Control", "no-store"))
            def do_GET(self):
                self.tell(200 if self.path in files else 404, ("Cache-Control", "no-cache"), body=files.get(self.path, b""))
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B62")]
    public async Task Put_with_content_range_goes_on_where_it_stopped(bool isSliced)
    {
        await using var origin = await StartAsync();
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        Assert.Equal(404, (await SendAsync(client, "GET", "/new")).StatusCode);

        RawResponse cut = await SendAsync(client, "PUT", "/new", 0, FirstBytes, $"Content-Range: bytes 0-{FirstBytes - 1}/{LengthBytes}");
        RawResponse status = await SendAsync(client, "PUT", "/new", 0, 0, $"Content-Range: bytes */{LengthBytes}", "Content-Length: 0");
        RawResponse rest = await SendAsync(
            client, "PUT", "/new", FirstBytes, LengthBytes, $"Content-Range: bytes {FirstBytes}-{LengthBytes - 1}/{LengthBytes}");

        Assert.Equal((308, $"bytes=0-{FirstBytes - 1}"), (cut.StatusCode, cut.Field("Range")));
        Assert.Equal((308, $"bytes=0-{FirstBytes - 1}"), (status.StatusCode, status.Field("Range")));
        Assert.Equal(201, rest.StatusCode);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, Downloads.Seed), (await SendAsync(client, "GET", "/new")).Body);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B62")]
    public async Task Tus_upload_goes_on_at_the_offset_that_head_tells(bool isSliced)
    {
        await using var origin = await StartAsync();
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        const string version = "Tus-Resumable: 1.0.0";

        RawResponse created = await SendAsync(
            client, "POST", "/files", 0, 0, version, $"Upload-Length: {LengthBytes}", "Content-Length: 0");
        Assert.Equal((201, "/files/1"), (created.StatusCode, created.Field("Location")));
        Assert.Equal(204, (await SendAsync(client, "PATCH", "/files/1", 0, FirstBytes, version, "Upload-Offset: 0")).StatusCode);
        RawResponse status = await SendAsync(client, "HEAD", "/files/1", 0, 0, version);
        Assert.Equal(FirstBytes.ToString(CultureInfo.InvariantCulture), status.Field("Upload-Offset"));
        RawResponse rest = await SendAsync(
            client, "PATCH", "/files/1", FirstBytes, LengthBytes, version, $"Upload-Offset: {FirstBytes}");

        Assert.Equal((204, LengthBytes.ToString(CultureInfo.InvariantCulture)), (rest.StatusCode, rest.Field("Upload-Offset")));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, Downloads.Seed), (await SendAsync(client, "GET", "/files/1")).Body);
    }

    private static Task<RealServer> StartAsync() => RealServer.StartAsync("python3", "/usr/bin/python3", Program, "{{config}}", "{{port}}");

    // One request on a kept connection, with these bytes of the file.
    private static async Task<RawResponse> SendAsync(
        RawClient client, string method, string target, int from = 0, int to = 0, params string[] fields)
    {
        string[] framing = to > from ? [string.Create(CultureInfo.InvariantCulture, $"Content-Length: {to - from}")] : [];
        await client.SendAsync(RawClient.Request(method, target, [.. fields, .. framing]));
        await client.SendAsync(TestContent.Bytes(from, to - from, Downloads.Seed));
        return await client.ReadResponseAsync(method);
    }
}
