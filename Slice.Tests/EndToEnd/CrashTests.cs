using System.Globalization;
using System.Net;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// The product killed at random moments under load, its files damaged, copied and removed, and started again: every byte of every answer is
/// compared.
/// <c>SLICE_CRASH_ROUNDS</c> and <c>SLICE_CRASH_SEED</c> make it longer and other (docs/testing.md).
/// </summary>
public sealed class CrashTests
{
    private static readonly int s_rounds = Setting("SLICE_CRASH_ROUNDS", 12);
    private static readonly int s_seed = Setting("SLICE_CRASH_SEED", 1);

    [Theory]
    [InlineData("16MiB")]
    [InlineData("64MiB")]
    [Trait("Behaviour", "B45")]
    public async Task Killed_at_any_moment_it_serves_only_right_bytes_afterwards(string cacheSize)
    {
        await using var bed = new CrashBed(cacheSize);
        var random = new Random(s_seed);
        for (int round = 0; round < s_rounds; round++)
        {
            await using var product = await bed.StartAsync();
            var load = bed.LoadAsync(product, (s_seed * 1000) + round, CancellationToken.None);

            // A moment, not a wait for anything.
            await Task.Delay(random.Next(600), TestContext.Current.CancellationToken);
            await product.KillAsync();
            await Deadline.WithinAsync(load, "the clients notice");
            bed.AssertNothingWasWrong();
        }

        await using var last = await bed.StartAsync();
        await bed.CheckAllAsync(last);
        Assert.Equal(0, await last.StopAsync());
        Assert.True(bed.CheckedBytes > 1 << 20, "hardly anything was compared");
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Killed_and_damaged_it_serves_only_right_bytes_afterwards()
    {
        await using var bed = new CrashBed("16MiB") { PurgesLast = false };
        var random = new Random(s_seed);
        for (int round = 0; round < s_rounds; round++)
        {
            await using (var product = await bed.StartAsync())
            {
                var load = bed.LoadAsync(product, (s_seed * 1000) + round, CancellationToken.None);

                // A moment, not a wait for anything.
                await Task.Delay(random.Next(600), TestContext.Current.CancellationToken);
                await product.KillAsync();
                await Deadline.WithinAsync(load, "the clients notice");
            }

            for (int damage = random.Next(1, 4); damage > 0; damage--)
            {
                Damage(bed.CacheDirectory, random);
            }

            bed.AssertNothingWasWrong();
        }

        await using var last = await bed.StartAsync();
        await bed.CheckAllAsync(last);
        Assert.Equal(0, await last.StopAsync());
    }

    [Fact]
    [Trait("Behaviour", "B45")]
    public async Task What_was_stored_before_an_answered_purge_is_there_after_a_kill_and_what_was_purged_is_not()
    {
        await using var bed = new CrashBed("64MiB");
        await using (var product = await bed.StartAsync())
        {
            await bed.CheckAllAsync(product);
            Assert.Equal(HttpStatusCode.OK, await CrashBed.PurgeAsync(product, number: 7));
            await product.KillAsync();
        }

        int before = bed.OriginRequests;
        await using var next = await bed.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, await CrashBed.PurgeAsync(next, number: 7));
        await bed.CheckAllAsync(next);

        // Only the object that was purged is fetched: 1,760,147 bytes in slices of 64 KiB.
        Assert.Equal(before + 27, bed.OriginRequests);
        Assert.Equal(0, await next.StopAsync());
    }

    // The object has left the index in memory a moment before, and the news is on its way to the disk.
    [Fact]
    [Trait("Behaviour", "B45")]
    public async Task Object_that_a_purge_finds_gone_stays_gone_after_a_kill()
    {
        bool isGone = false;
        var file = new RangeFile(1000) { ETag = "\"v1\"", ExtraFields = ["Cache-Control: max-age=3600"] };
        await using var origin = ScriptedOrigin.Start(
            exchange => isGone ? exchange.RespondAsync("404 Not Found") : file.AnswerAsync(exchange));
        using var directory = new TestDirectory("gone");
        string configuration = $"upstream_address: {origin.Uri.Authority}\nenable_l2_cache: true\ncache_size: 64MiB\n"
            + $"l2_cache_dir: {directory.Combine("cache")}\n"
            + "listen_address: 127.0.0.1:{{port}}\nmetrics_endpoint:\n  address: 127.0.0.1:{{metrics_port}}\n";
        await using (var product = await ProductProcess.StartAsync(configuration, directory.Path))
        {
            Assert.Equal(200, (await RawClient.GetAsync(product.EndPoint, "/file")).StatusCode);
            Assert.Equal(404, await PurgeAsync(product, "/other"));

            isGone = true;
            Assert.Equal(404, (await RawClient.GetAsync(product.EndPoint, "/file", "Cache-Control: no-cache")).StatusCode);
            Assert.Equal(404, await PurgeAsync(product, "/file"));
            await product.KillAsync();
        }

        await using var next = await ProductProcess.StartAsync(configuration, directory.Path);
        Assert.Equal(404, (await RawClient.GetAsync(next.EndPoint, "/file")).StatusCode);

        static async Task<int> PurgeAsync(ProductProcess product, string target)
        {
            using var client = await RawClient.ConnectAsync(product.MetricsEndPoint);
            await client.SendAsync(RawClient.Request("PURGE", target));
            return (await client.ReadResponseAsync()).StatusCode;
        }
    }

    // Killed as soon as the PURGE has said so, or while it looks at the objects. The tags of an object outlive the process as well.
    [Theory]
    [InlineData("/a/", "X-Purge-Pattern: prefix")]
    [InlineData("/", "X-Purge-Tag: one")]
    [InlineData("/*", "X-Purge-All: true")]
    [Trait("Behaviour", "B45")]
    public async Task What_was_purged_with_others_stays_away_after_a_kill(string target, string field)
    {
        var file = new RangeFile(1000) { ETag = "\"v1\"", ExtraFields = ["Cache-Control: max-age=3600", "Surrogate-Key: one"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        using var directory = new TestDirectory("purge-many");
        string configuration = $"upstream_address: {origin.Uri.Authority}\nenable_l2_cache: true\ncache_size: 64MiB\n"
            + $"l2_cache_dir: {directory.Combine("cache")}\n"
            + "listen_address: 127.0.0.1:{{port}}\nmetrics_endpoint:\n  address: 127.0.0.1:{{metrics_port}}\n";

        // Stored by one process and purged by the next.
        await using (var first = await ProductProcess.StartAsync(configuration, directory.Path))
        {
            Assert.Equal(200, (await RawClient.GetAsync(first.EndPoint, "/a/1")).StatusCode);
            Assert.Equal(200, (await RawClient.GetAsync(first.EndPoint, "/a/2")).StatusCode);
            Assert.Equal(0, await first.StopAsync());
        }

        await using (var second = await ProductProcess.StartAsync(configuration, directory.Path))
        {
            using var client = await RawClient.ConnectAsync(second.MetricsEndPoint);
            await client.SendAsync(RawClient.Request("PURGE", target, field));
            var purged = await client.ReadResponseAsync();
            Assert.Equal(200, purged.StatusCode);
            Assert.Contains("\"purged_count\":2", purged.BodyText, StringComparison.Ordinal);
            await second.KillAsync();
        }

        await using var next = await ProductProcess.StartAsync(configuration, directory.Path);
        Assert.Equal("MISS", (await RawClient.GetAsync(next.EndPoint, "/a/1")).Field("X-Cache"));
        Assert.Equal("MISS", (await RawClient.GetAsync(next.EndPoint, "/a/2")).Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Copy_made_while_it_runs_serves_only_right_bytes()
    {
        await using var bed = new CrashBed("16MiB");
        for (int round = 0; round < 3; round++)
        {
            string original = bed.CacheDirectory;
            string copy = bed.Combine($"copy-{round}");
            using (var enough = new CancellationTokenSource())
            {
                await using var product = await bed.StartAsync();
                var load = bed.LoadAsync(product, s_seed + round, enough.Token);
                await Eventually.TrueAsync(() => bed.CheckedBytes > (round + 1) << 20, "the clients have got something");
                original = bed.CacheDirectory;
                Copy(original, copy);
                await enough.CancelAsync();
                await Deadline.WithinAsync(load, "the clients end");
            }

            bed.CacheDirectory = copy;
            await using var next = await bed.StartAsync();
            await bed.CheckAllAsync(next);
            bed.CacheDirectory = original;
        }
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Files_removed_under_it_cost_no_answer_and_it_begins_anew()
    {
        await using var bed = new CrashBed("64MiB");
        await using var product = await bed.StartAsync();
        using var enough = new CancellationTokenSource();
        var load = bed.LoadAsync(product, s_seed, enough.Token);
        for (int round = 1; round <= 2; round++)
        {
            await Eventually.TrueAsync(() => File.Exists(Path.Combine(bed.CacheDirectory, StoreLayout.IndexFileName)), "there is an index");
            foreach (string path in Directory.GetFiles(bed.CacheDirectory))
            {
                File.Delete(path);
            }

            int expected = round;
            await Eventually.TrueAsync(
                () => product.Lines.Count(line => line.Contains("cache_begun_anew", StringComparison.Ordinal)) == expected,
                "it begins anew");
        }

        await enough.CancelAsync();
        await Deadline.WithinAsync(load, "the clients end");
        await bed.CheckAllAsync(product);
        Assert.Equal(0, await product.StopAsync());

        await using var next = await bed.StartAsync();
        int before = bed.OriginRequests;
        await bed.CheckAllAsync(next);
        Assert.Equal(before, bed.OriginRequests);
    }

    private static void Damage(string directory, Random random)
    {
        // Files of the cache itself; a new start makes those that are gone.
        string[] files =
            [.. Directory.GetFiles(directory).Where(path => !path.EndsWith(StoreLayout.LockFileName, StringComparison.Ordinal))];
        if (files.Length == 0)
        {
            return;
        }

        string path = files[random.Next(files.Length)];
        long length = new FileInfo(path).Length;
        switch (random.Next(6))
        {
            case 0:
                File.Delete(path);
                break;
            case 1:
                using (var file = File.OpenWrite(path))
                {
                    file.SetLength(random.NextInt64(length + 1));
                }

                break;
            default:
                // The name of the format stays: a file without most of it is somebody else's, and left alone.
                int kept = path.EndsWith(StoreLayout.IndexFileName, StringComparison.Ordinal) ? 8 : 0;
                using (var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite))
                {
                    for (int flips = random.Next(1, 20); flips > 0 && length > kept; flips--)
                    {
                        file.Position = kept + random.NextInt64(length - kept);
                        int value = file.ReadByte();
                        file.Position--;
                        file.WriteByte((byte)(value ^ (1 << random.Next(8))));
                    }
                }

                break;
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string path in Directory.GetFiles(from).Where(path => !path.EndsWith(StoreLayout.LockFileName, StringComparison.Ordinal)))
        {
            try
            {
                using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var target = File.Create(Path.Combine(to, Path.GetFileName(path)));
                source.CopyTo(target);
            }
            catch (FileNotFoundException)
            {
                // The next index has just become the index; tar would complain and go on.
            }
        }
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
