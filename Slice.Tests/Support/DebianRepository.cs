using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Slice.Tests.Support;

/// <summary>A flat Debian repository of one package without a signature, in a directory that a web server serves.</summary>
public sealed class DebianRepository(string directory)
{
    /// <summary>The name of its package, for <c>apt-get download</c>.</summary>
    public const string PackageName = "pingora-slice-sample";

    /// <summary>
    /// Builds version <paramref name="version"/> with <paramref name="payloadBytes"/> bytes of <see cref="TestContent"/> of that seed
    /// inside, and replaces the indexes; older packages stay. Returns the path of the package. Files of later versions have later dates,
    /// also within one second.
    /// </summary>
    public async Task<string> PublishAsync(int version, int payloadBytes)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{PackageName}_{version}_all.deb");
        string package = Path.Combine(directory, name);
        await BuildAsync(package, version, payloadBytes);
        string packages = $"{Control(version)}Filename: ./{name}\nSize: {new FileInfo(package).Length}\n"
            + $"SHA256: {Sha256(await File.ReadAllBytesAsync(package))}\n\n";
        byte[] plain = Encoding.ASCII.GetBytes(packages);
        byte[] compressed = Gzip(plain);
        Write("Packages", plain, version);
        Write("Packages.gz", compressed, version);
        DateTime date = DateOf(version);
        Write(
            "Release",
            Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"Origin: test\nDate: {date:ddd, dd MMM yyyy HH:mm:ss} UTC\nSHA256:\n"
                + $" {Sha256(plain)} {plain.Length} Packages\n"
                + $" {Sha256(compressed)} {compressed.Length} Packages.gz\n")),
            version);
        return package;
    }

    private static async Task BuildAsync(string package, int version, int payloadBytes)
    {
        using var tree = new TestDirectory("deb");
        Directory.CreateDirectory(tree.Combine("DEBIAN"));
        Directory.CreateDirectory(tree.Combine("usr/share"));
        await File.WriteAllTextAsync(tree.Combine("DEBIAN/control"), Control(version));
        TestFiles.WriteContent(tree.Combine("usr/share/" + PackageName), payloadBytes, version);
        using ChildProcess build = ChildProcess.Start(
            "dpkg-deb", ["--build", "--root-owner-group", "-Znone", tree.Path, package],
            "Install Debian's package 'dpkg': apt-get install dpkg");
        int exitCode = await build.ExitedAsync();
        Assert.True(exitCode == 0, build.Output);
    }

    private static string Control(int version) => string.Create(
        CultureInfo.InvariantCulture,
        $"Package: {PackageName}\nVersion: {version}\nArchitecture: all\n"
        + $"Maintainer: Nobody <nobody@example.invalid>\nDescription: bytes for a test\n");

    private static DateTime DateOf(int version) => DateTime.UtcNow.Date.AddDays(-30).AddDays(version);

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }

    private void Write(string name, byte[] bytes, int version)
    {
        string path = Path.Combine(directory, name);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, DateOf(version));
    }
}
