using Slice.Core.Options;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Exchange;

/// <summary>Which references are to the origin's own address (B64).</summary>
public sealed class OriginReferencesTests
{
    [Theory]
    [InlineData("http://origin.example:8080/dir/", "http://origin.example:8080")]
    [InlineData("http://origin.example:8080", "http://origin.example:8080")]
    [InlineData("http://origin.example:8080?a=b", "http://origin.example:8080")]
    [InlineData("http://origin.example:8080#a", "http://origin.example:8080")]
    [InlineData("HTTP://ORIGIN.Example:08080/", "HTTP://ORIGIN.Example:08080")]
    [InlineData("http://origin.example.:8080/", "http://origin.example.:8080")]
    [InlineData("//origin.example:8080/dir/", "//origin.example:8080")]
    [InlineData("http://10.0.0.2/", "http://10.0.0.2")]
    [InlineData("http://10.0.0.2:80/", "http://10.0.0.2:80")]
    [InlineData("http://10.0.0.2:/", "http://10.0.0.2:")]
    [InlineData("http://[::1]:81/", "http://[::1]:81")]
    [InlineData("http://origin.example:8080/http://origin.example:8080/", "http://origin.example:8080")]
    [Trait("Behaviour", "B64")]
    public void Address_of_the_origin_in_any_spelling_is_found(string reference, string found)
    {
        Assert.Equal(found, Find(reference, "client.example", clientIsTls: false));
        Assert.Equal(found, Find(reference, "", clientIsTls: true));
        Assert.Equal(found, Find(reference, new string('a', 20_000), clientIsTls: false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/dir/")]
    [InlineData("dir/?http://origin.example:8080/")]
    [InlineData("http:")]
    [InlineData("http://")]
    [InlineData("//")]
    [InlineData("///origin.example:8080/")]
    [InlineData("https://origin.example:8080/")]
    [InlineData("ftp://origin.example:8080/")]
    [InlineData("http:/origin.example:8080/")]
    [InlineData("http://origin.example/")]
    [InlineData("http://origin.example:80801/")]
    [InlineData("http://origin.example:8080.evil.example/")]
    [InlineData("http://origin.example:8080@evil.example/")]
    [InlineData("http://user@origin.example:8080/")]
    [InlineData("http://a.origin.example:8080/")]
    [InlineData("http://client.example:8080/")]
    [InlineData("http://10.0.0.2:443/")]
    [Trait("Behaviour", "B64")]
    public void Other_references_are_none(string reference) => Assert.Null(Find(reference, "client.example", clientIsTls: false));

    [Fact]
    public void Endless_authority_is_none() =>
        Assert.Null(Find($"http://{new string('a', 20_000)}/", "client.example", clientIsTls: false));

    // Origin, reference and client, and whether Host is the client's there.
    [Theory]
    [InlineData("http://a.example", "http://a.example/", "http://a.example", false, false)]
    [InlineData("https://a.example", "https://a.example/", "http://a.example", false, false)]
    [InlineData("https://a.example", "https://a.example/", "http://a.example:80", true, false)]
    [InlineData("https://a.example", "https://a.example/", "http://a.example:8080", false, true)]
    [InlineData("http://a.example", "http://a.example/", "http://a.example:8080", false, true)]
    [InlineData("http://b.example", "http://a.example/", "http://a.example:8080", true, true)]
    [InlineData("http://b.example", "http://a.example/", "http://a.example:8080", false, false)]
    [InlineData("http://b.example:81", "http://a.example:81/", "https://a.example", true, true)]
    [InlineData("http://b.example:81", "http://a.example:81/", "https://a.example", false, false)]
    [InlineData("http://b.example:81", "http://a.example:82/", "https://a.example", true, false)]
    [InlineData("http://b.example:81", "http://c.example:81/", "https://a.example", true, false)]
    [InlineData("http://b.example:81", "https://a.example/", "http://a.example", true, false)]
    [InlineData("https://b.example", "https://a.example/", "http://a.example", true, false)]
    [InlineData("https://b.example:8443", "https://a.example:8443/", "http://a.example", true, true)]
    [InlineData("http://[::1]:81", "http://[::2]:81/", "http://[::2]", true, true)]
    [InlineData("http://[::1]", "http://[::2]/", "http://[::2]", true, false)]
    [Trait("Behaviour", "B64")]
    public void Name_of_the_client_is_the_origins_with_a_port_of_its_own(
        string origin, string reference, string client, bool forwardHost, bool isFound)
    {
        var references = new OriginReferences(new SliceOptions { UpstreamAddresses = [new Uri(origin)], ForwardHost = forwardHost });
        string host = client[(client.IndexOf("//", StringComparison.Ordinal) + 2)..];
        bool isTls = client.StartsWith("https:", StringComparison.Ordinal);
        Assert.Equal(isFound, references.TryFind(Wire.Bytes(reference), Wire.Bytes(host), isTls, out _));
    }

    private static string? Find(string reference, string clientHost, bool clientIsTls)
    {
        var references = new OriginReferences(new SliceOptions
        {
            UpstreamAddresses = [new Uri("http://origin.example:8080"), new Uri("http://10.0.0.2"), new Uri("http://[::1]:81")],
        });
        return references.TryFind(Wire.Bytes(reference), Wire.Bytes(clientHost), clientIsTls, out int length) ? reference[..length] : null;
    }
}
