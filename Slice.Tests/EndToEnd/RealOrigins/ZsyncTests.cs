using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>zsync, which fetches what has changed of a file as several ranges per request.</summary>
public sealed class ZsyncTests
{
    private const int LengthBytes = 40 * Downloads.SliceBytes;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B7")]
    public async Task Update_fetches_what_has_changed_and_no_more(bool isSliced)
    {
        using var files = new OriginFiles();
        using var client = new TestDirectory("zsync");
        TestFiles.WriteContent(files.Combine("image.bin"), LengthBytes, Downloads.Seed);
        await Tool.RunAsync(
            "zsyncmake", client, "-b", "2048", "-u", "image.bin", "-o", files.Combine("image.zsync"), files.Combine("image.bin"));
        File.SetLastWriteTimeUtc(files.Combine("image.bin"), DateTime.UtcNow.AddDays(-10));
        await WriteOldAsync(client.Combine("old.bin"));
        await using var origin = await ApacheServer.StartAsync($"DocumentRoot {files.Path}");
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);

        foreach (string name in (string[])["cold.bin", "warm.bin"])
        {
            string output = await Tool.RunAsync(
                "zsync", client, "-i", "old.bin", "-o", name, $"http://{proxy.EndPoint}/image.zsync");

            Assert.Equal(
                TestContent.Bytes(0, LengthBytes, Downloads.Seed),
                await File.ReadAllBytesAsync(client.Combine(name), TestContext.Current.CancellationToken));
            Assert.Contains("fetched", output, StringComparison.Ordinal);
        }

        // A client that does not understand an answer asks again and again.
        int asked = proxy.Exchanges.Count;
        Assert.True(asked < 20, string.Create(CultureInfo.InvariantCulture, $"{asked} requests"));
        Assert.Contains(proxy.Exchanges, exchange => exchange.BodyBytes > 0 && exchange.BodyBytes < LengthBytes / 4);
    }

    // Blocks that differ here and there, far enough apart that each is a range of its own.
    private static async Task WriteOldAsync(string path)
    {
        byte[] old = TestContent.Bytes(0, LengthBytes, Downloads.Seed);
        for (int position = 10_000; position < old.Length; position += 300_000)
        {
            old[position] ^= 0xFF;
        }

        await File.WriteAllBytesAsync(path, old, TestContext.Current.CancellationToken);
    }
}
