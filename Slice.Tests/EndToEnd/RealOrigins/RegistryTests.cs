using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>A registry of container images (docker-registry) under skopeo: an image goes up in pieces and comes down the same.</summary>
public sealed class RegistryTests
{
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [Trait("Behaviour", "B62")]
    [Trait("Behaviour", "B64")]
    public async Task Image_is_pushed_and_pulled_cold_and_warm(bool isSliced, bool forwardsHost)
    {
        using var client = new TestDirectory("skopeo");
        await using var origin = await RealServer.StartAsync(
            "docker-registry",
            "docker-registry",
            """
            version: 0.1
            log:
              level: warn
            storage:
              filesystem:
                rootdirectory: {{prefix}}/images
            http:
              addr: 127.0.0.1:{{port}}
            """,
            "serve",
            "{{config}}");

        // The registry writes absolute upload addresses, by the Host that it sees: its own, which becomes the client's, or the client's.
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced, options => options with { ForwardHost = forwardsHost });
        string image = $"docker://{proxy.EndPoint}/team/image:1";
        string layer = await WriteImageAsync(client.Combine("image"));

        await SkopeoAsync(client, "copy", "--dest-tls-verify=false", "oci:image:1", image);
        foreach (string name in (string[])["cold", "warm"])
        {
            await SkopeoAsync(client, "copy", "--src-tls-verify=false", image, $"oci:{name}:1");
            Assert.Equal(
                await File.ReadAllBytesAsync(client.Combine("image/blobs/sha256/" + layer), TestContext.Current.CancellationToken),
                await File.ReadAllBytesAsync(client.Combine($"{name}/blobs/sha256/{layer}"), TestContext.Current.CancellationToken));
        }

        Assert.DoesNotContain(proxy.Exchanges, exchange => exchange.Status >= 500);
        Assert.Contains(proxy.Exchanges, exchange => exchange.Method == "PATCH" && exchange.Status == 202);
    }

    private static Task<string> SkopeoAsync(TestDirectory client, params string[] arguments)
        => Tool.RunAsync("skopeo", client, ["--insecure-policy", "--tmpdir", client.Path, .. arguments]);

    // An image layout (OCI image-spec) with one layer; returns the layer's digest.
    private static async Task<string> WriteImageAsync(string directory)
    {
        Directory.CreateDirectory(Path.Combine(directory, "blobs/sha256"));
        using var layer = new MemoryStream();
        await using (var tar = new TarWriter(layer, leaveOpen: true))
        {
            using var content = new MemoryStream(TestContent.Bytes(0, OriginFiles.LengthBytes, Downloads.Seed));
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "object.bin") { DataStream = content });
        }

        // Compressed already: skopeo would compress what is not, and push other bytes than these.
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(layer.ToArray());
        }

        Blob data = await WriteBlobAsync(directory, packed.ToArray());
        string contentDigest = Convert.ToHexStringLower(SHA256.HashData(layer.ToArray()));
        Blob config = await WriteBlobAsync(directory, Encoding.UTF8.GetBytes(
            $$$"""
            {"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:{{{contentDigest}}}"]}}
            """));
        Blob manifest = await WriteBlobAsync(directory, Encoding.UTF8.GetBytes(
            $$"""
            {
              "schemaVersion": 2, "mediaType": "{{ManifestType}}",
              "config": {{config.Describe(ConfigType)}}, "layers": [{{data.Describe(LayerType)}}]
            }
            """));
        string index = $$"""{"schemaVersion":2,"manifests":[{{manifest.Describe(ManifestType, "1")}}]}""";
        await File.WriteAllTextAsync(Path.Combine(directory, "index.json"), index);
        await File.WriteAllTextAsync(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        return data.Digest;
    }

    private static async Task<Blob> WriteBlobAsync(string directory, byte[] content)
    {
        string digest = Convert.ToHexStringLower(SHA256.HashData(content));
        await File.WriteAllBytesAsync(Path.Combine(directory, "blobs/sha256", digest), content);
        return new Blob(digest, content.Length);
    }

    private sealed record Blob(string Digest, int Length)
    {
        public string Describe(string mediaType, string? tag = null) => string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"mediaType\":\"{mediaType}\",\"digest\":\"sha256:{Digest}\",\"size\":{Length}{Annotation(tag)}}}");

        private static string Annotation(string? tag)
            => tag is null ? "" : $",\"annotations\":{{\"org.opencontainers.image.ref.name\":\"{tag}\"}}";
    }
}
