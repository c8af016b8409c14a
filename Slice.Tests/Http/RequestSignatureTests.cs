using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

/// <summary>Which signatures cover what requests of ours set or leave out (B66).</summary>
public sealed class RequestSignatureTests
{
    private const string Aws = "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/s3/aws4_request, SignedHeaders=";

    [Theory]
    [InlineData("/", Aws + "host;range;x-amz-date, Signature=0")]
    [InlineData("/", Aws + "range, Signature=0")]
    [InlineData("/", Aws + "host;x-amz-date;range")]
    [InlineData("/", Aws + "accept-encoding;host, Signature=0")]
    [InlineData("/", Aws + "host;if-match, Signature=0")]
    [InlineData("/", Aws + "host;if-none-match, Signature=0")]
    [InlineData("/", Aws + "host;if-modified-since, Signature=0")]
    [InlineData("/", Aws + "host;if-unmodified-since, Signature=0")]
    [InlineData("/", Aws + "host;if-range, Signature=0")]
    [InlineData("/", Aws + "cache-control;host, Signature=0")]
    [InlineData("/", Aws + "content-length;host, Signature=0")]
    [InlineData("/", "authorization: aws4-ecdsa-p256-sha256 credential=K,signedheaders=HOST;RANGE,signature=0")]
    [InlineData("/", "Authorization: GOOG4-RSA-SHA256 Credential=K, SignedHeaders=host;range, Signature=0")]
    [InlineData("/", "Authorization: GOOG4-HMAC-SHA256 SignedHeaders=host;range, Credential=K, Signature=0")]
    [InlineData("/", "Authorization: OSS4-HMAC-SHA256 Credential=K,AdditionalHeaders=host;range,Signature=0")]
    [InlineData("/", "Authorization: q-sign-algorithm=sha1&q-ak=K&q-header-list=host;range&q-url-param-list=&q-signature=0")]
    [InlineData("/", "Authorization: Signature keyId=\"k\",headers=\"(request-target) host date range\",signature=\"0\"")]
    [InlineData("/", "Signature: keyId=\"k\",headers=\"date range\",signature=\"0\"")]
    [InlineData("/", "Signature-Input: sig1=(\"@method\" \"range\");created=1;keyid=\"k\"")]
    [InlineData("/", "Authorization: SharedKey account:0")]
    [InlineData("/a?X-Amz-SignedHeaders=host;range")]
    [InlineData("/a?X-Amz-SignedHeaders=host%3Brange&X-Amz-Signature=0")]
    [InlineData("/a?b&c=d&x-amz-signedheaders=range%3bhost")]
    [InlineData("/a?X-Amz-SignedHeaders=accept-encoding%3Bhost")]
    [InlineData("/a?X-Goog-SignedHeaders=host%3Brange&x-goog-signature=0")]
    [InlineData("/a?X-Tos-SignedHeaders=host%3Brange")]
    [InlineData("/a?x-oss-additional-headers=host%3Brange")]
    [InlineData("/a?q-header-list=host;range")]
    [Trait("Behaviour", "B66")]
    public void Signature_over_fields_of_ours_is_seen(string target, params string[] fields) => Assert.True(Covers(target, fields, false));

    [Theory]
    [InlineData("/")]
    [InlineData("/range?a=range&headers=range")]
    [InlineData("/", "Range: bytes=0-1")]
    [InlineData("/", Aws + "host;x-amz-content-sha256;x-amz-date, Signature=range")]
    [InlineData("/", Aws + "host;x-amz-range;ranges;arange, Signature=0")]
    [InlineData("/", Aws)]
    [InlineData("/", "Authorization: AWS4-HMAC-SHA256 SignedHeaders")]
    [InlineData("/", "Authorization: Basic cmFuZ2U=")]
    [InlineData("/", "Authorization: Bearer range")]
    [InlineData("/", "Authorization: AWS range:0")]
    [InlineData("/", "Authorization: SharedKeyLite account:0")]
    [InlineData("/", "Authorization: SharedKey")]
    [InlineData("/", "Authorization: Signature keyId=\"range\",headers=\"host date\",signature=\"range\"")]
    [InlineData("/", "Signature: sig1=:range:")]
    [InlineData("/", "X-Signature: headers=\"range\"")]
    [InlineData("/", "Signature-Input: sig1=(\"@method\" \"@target-uri\" \"date\");created=1")]
    [InlineData("/a?X-Amz-SignedHeaders=host&X-Amz-Signature=range")]
    [InlineData("/a?X-Amz-SignedHeaders=host%3Bx-amz-range")]
    [InlineData("/a?X-Amz-SignedHeaders=%")]
    [InlineData("/a?X-Amz-SignedHeaders=&=range&X-Amz-SignedHeaders")]
    [Trait("Behaviour", "B66")]
    public void Other_requests_may_be_sliced(string target, params string[] fields) => Assert.False(Covers(target, fields, false));

    // A URL may be signed for the origin's host by somebody who knows that we ask for that one.
    [Theory]
    [InlineData(true, "/", Aws + "host;x-amz-date, Signature=0")]
    [InlineData(true, "/", "Authorization: Signature headers=\"host date\"")]
    [InlineData(false, "/?X-Amz-SignedHeaders=host")]
    [InlineData(false, "/", Aws + "x-amz-date, Signature=0")]
    [Trait("Behaviour", "B66")]
    public void Host_that_changes_counts_in_fields(bool covers, string target, params string[] fields) =>
        Assert.Equal(covers, Covers(target, fields, changesHost: true));

    private static bool Covers(string target, string[] fields, bool changesHost) =>
        RequestSignature.CoversWhatWeSet(Heads.ParseRequest(RawClient.Request("GET", target, fields)), changesHost);
}
