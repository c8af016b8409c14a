using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Checksums of one message go out with no other selection of bytes than the one that they came with (B61, RFC 9530 §2).</summary>
[Trait("Behaviour", "B61")]
public sealed class PartChecksumTests
{
    private static readonly string[] s_ofContent =
        ["Content-Digest", "Content-MD5", "x-amz-checksum-crc32", "X-Amz-Checksum-SHA256", "x-goog-hash", "x-ms-content-crc64"];

    // Of the whole, whatever comes of it (RFC 9530 §3, RFC 3230 §4.3.2), or of nothing that is known.
    private static readonly string[] s_ofRepresentation =
        ["Repr-Digest", "Digest", "x-amz-meta-checksum", "x-ms-blob-content-md5", "X-Checksum-Sha1"];

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(4000)
    {
        ExtraFields = ["Cache-Control: max-age=60", .. s_ofContent.Concat(s_ofRepresentation).Select(name => name + ": of-this")],
    };

    public static TheoryData<string?> Selections => new(
        (string?)null, "bytes=0-999", "bytes=1000-1999", "bytes=10-20", "bytes=0-3999", "bytes=0-9,2000-2009");

    [Theory]
    [MemberData(nameof(Selections))]
    public async Task Checksum_of_a_part_goes_out_with_nothing(string? range)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, sliceBytes: 1000);

        foreach (string target in (string[])["/file", "/file"])
        {
            AssertFields(await GetAsync(proxy, target, range), isOfContent: false);
        }

        // Validated: neither a 304 nor an unchanged part brings them.
        _time.Advance(TimeSpan.FromSeconds(61));
        AssertFields(await GetAsync(proxy, "/file", range), isOfContent: false);
        _time.Advance(TimeSpan.FromSeconds(61));
        _file.HonoursPreconditions = false;
        AssertFields(await GetAsync(proxy, "/file", range), isOfContent: false);
    }

    [Theory]
    [MemberData(nameof(Selections))]
    public async Task Checksum_of_the_whole_goes_out_with_the_whole(string? range)
    {
        _file.SupportsRanges = false;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, sliceBytes: 1000);
        AssertFields(await GetAsync(proxy, "/file", range: null), isOfContent: true);

        AssertFields(await GetAsync(proxy, "/file", range), isOfContent: range is null);
        _time.Advance(TimeSpan.FromSeconds(61));
        AssertFields(await GetAsync(proxy, "/file", range), isOfContent: range is null);
    }

    // A part that is all of the object has the bytes of the whole.
    [Fact]
    public async Task Checksum_of_an_object_that_fits_its_slice_goes_out_with_the_whole_alone()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, sliceBytes: 4096);

        AssertFields(await GetAsync(proxy, "/file", range: null), isOfContent: true);
        AssertFields(await GetAsync(proxy, "/file", range: null), isOfContent: true);
        AssertFields(await GetAsync(proxy, "/file", "bytes=3-9"), isOfContent: false);
    }

    private static void AssertFields(RawResponse response, bool isOfContent)
    {
        Assert.All(s_ofContent, name => Assert.Equal(isOfContent ? ["of-this"] : [], response.Fields(name)));
        Assert.All(s_ofRepresentation, name => Assert.Equal(["of-this"], response.Fields(name)));
    }

    private static async Task<RawResponse> GetAsync(ProxyUnderTest proxy, string target, string? range)
    {
        var response = await proxy.GetAsync(target, range is null ? [] : ["Range: " + range]);
        Assert.Equal(range is null ? 200 : 206, response.StatusCode);
        return response;
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, int sliceBytes) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceBytes, options => options with { SlicePatterns = ["^/"] }, _time);
}
