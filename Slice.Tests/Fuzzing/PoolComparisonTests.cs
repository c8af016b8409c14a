using System.Globalization;
using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Valid responses, made from a seed, read by our parser and decoder and by SocketsHttpHandler over a socket: the same status, phrase,
/// fields and body.
/// </summary>
public sealed class PoolComparisonTests
{
    private const int Responses = 400;

    private static readonly string[] s_fields =
    [
        "Server: nginx", "server:  a\tb ", "Date: Sun, 29 Nov 2026 00:00:00 GMT", "ETag: \"v1\"", "Set-Cookie: a=b; HttpOnly",
        "Set-Cookie: c=\"d, e\"", "X-Empty:", "X-Obs: caf\u00e9 \u00ff", "Vary: Accept, Accept-Encoding", "Content-Type: text/html",
        "Cache-Control: max-age=60, private", "Link: </a>; rel=preload", "!#$%&'*+-.^_`|~09: token", "X-Colons: a:b::c", "Last-Modified: 0",
        "Connection: keep-alive", "Connection: close", "Location: /\u00e9?a=b", "WWW-Authenticate: Basic realm=\"a\"", "Expires: -1",
        "Accept-Ranges: bytes", "Content-Encoding: gzip", "Via: 1.1 a", "Age: 5", "Upgrade: h2c", "ContentLength: 7",
    ];

    private static readonly string[] s_pieces = ["a", "\r\n", "0\r\n\r\n", "\u00ff", "HTTP/1.1 "];

    private static readonly string[] s_phrases = ["", " ", " OK", " Not Found", " two  spaces ", " caf\u00e9\t!", " HTTP/1.1 200 OK"];

    [Fact]
    [Trait("Behaviour", "B38")]
    public async Task Pool_reads_every_valid_response_as_we_do()
    {
        string answer = "";
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(answer);
            await exchange.CloseAsync();
        });
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        };
        using var invoker = new HttpMessageInvoker(handler);
        foreach (ulong seed in FuzzRun.Seeds())
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{Responses} responses of SLICE_FUZZ_SEED={seed}");
            for (int index = 0; index < Responses; index++)
            {
                var random = new FuzzRandom(new FuzzRandom(seed).NextBits() + (ulong)index);
                bool isHead = random.OneIn(8);
                answer = Make(random, isHead);

                string ours = ReadOurs(answer, isHead);
                string theirs = await ReadPoolsAsync(invoker, origin.Uri, isHead);

                string shown = Wire.Show(Wire.Bytes(answer));
                Assert.True(ours == theirs, $"response {index} of SLICE_FUZZ_SEED={seed}: {shown}\n{ours}\n{theirs}");
            }
        }
    }

    private static string Make(FuzzRandom random, bool isHead)
    {
        string lineEnd = random.OneIn(4) ? "\n" : "\r\n";
        string interim = random.OneIn(4) ? $"HTTP/1.1 103 Early Hints{lineEnd}Link: </a>{lineEnd}{lineEnd}" : "";
        int minorVersion = random.OneIn(4) ? 0 : 1;
        int status = random.Pick([200, 200, 206, 204, 304, 301, 404, 500, 299, 600, 999]);
        List<string> lines = [.. Enumerable.Range(0, random.Below(9)).Select(_ => random.Pick(s_fields))];
        string body = string.Concat(Enumerable.Range(0, random.Below(40)).Select(_ => random.Pick(s_pieces)));
        switch (random.Below(3))
        {
            case 0 when status != 204:
                string length = $"{(random.OneIn(4) ? "00" : "")}{body.Length}";
                lines.Insert(random.Below(lines.Count + 1), $"Content-Length:{random.Pick(["", " ", "\t "])}{length}");
                break;
            case 1 when status != 204 && minorVersion == 1:
                lines.Insert(random.Below(lines.Count + 1), random.Pick(["Transfer-Encoding: chunked", "transfer-encoding:Chunked \t"]));
                body = Chunk(body, random);
                break;
            default:
                break;
        }

        lines.Insert(0, $"HTTP/1.{minorVersion} {status}{random.Pick(s_phrases)}");
        string head = string.Concat(lines.Select(line => line + lineEnd)) + lineEnd;
        return interim + head + (isHead || status is 204 or 304 ? "" : body);
    }

    private static string Chunk(string body, FuzzRandom random)
    {
        var chunked = new StringBuilder();
        while (body.Length > 0)
        {
            int size = 1 + random.Below(body.Length);
            chunked.Append($"{(random.OneIn(4) ? "00" : "")}{size:x}{(random.OneIn(4) ? ";a=\"b\"" : "")}\r\n{body[..size]}\r\n");
            body = body[size..];
        }

        return chunked.Append("0\r\n").Append(random.OneIn(4) ? "X-Trailer: a\r\n" : "").Append("\r\n").ToString();
    }

    private static string ReadOurs(string answer, bool isHead)
    {
        ResponseReading reading = Support.Responses.Read(
            new Arrival(Wire.Bytes(answer), [], arrivesAtOnce: true), isHead ? RequestMethod.Head : RequestMethod.Get);
        Assert.True(reading.Fault == ResponseFault.None, $"{reading.Fault}: {Wire.Show(Wire.Bytes(answer))}");
        Assert.Equal(0, reading.Head!.DroppedLines);
        List<string> fields = [];
        for (int index = 0; index < reading.Head.Fields.LineCount; index++)
        {
            fields.Add($"{Wire.Text(reading.Head.Fields.NameAt(index))}: {Wire.Text(reading.Head.Fields.ValueAt(index))}");
        }

        return Summary(reading.Head.MinorVersion, reading.Head.Status, Wire.Text(reading.Head.ReasonPhrase), fields, reading.Body);
    }

    private static async Task<string> ReadPoolsAsync(HttpMessageInvoker invoker, Uri uri, bool isHead)
    {
        using var request = new HttpRequestMessage(isHead ? HttpMethod.Head : HttpMethod.Get, uri);
        using var response = await invoker.SendAsync(request, TestContext.Current.CancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var fields =
            from line in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            from value in line.Value
            select $"{line.Key}: {value}";
        return Summary(response.Version.Minor, (int)response.StatusCode, response.ReasonPhrase ?? "", fields, Wire.Text(body));
    }

    private static long Number(string digits) => long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    // The pool knows no order of fields of different names, has spellings of its own for those that it knows, and forgets the zeros before
    // a length.
    private static string Summary(int minorVersion, int status, string phrase, IEnumerable<string> fields, string body)
    {
        var sorted = fields
            .Select(field => field.Split(':', 2))
            .Select(parts => (Name: parts[0].ToUpperInvariant(), Value: parts[1][1..]))
            .Select(field => field.Name == "CONTENT-LENGTH" ? $"{field.Name}: {Number(field.Value)}" : $"{field.Name}: {field.Value}")
            .Order(StringComparer.Ordinal);
        return $"{minorVersion} {status} '{phrase}'\n{string.Join('\n', sorted)}\n{body.Length} bytes: {Wire.Show(Wire.Bytes(body))}";
    }
}
