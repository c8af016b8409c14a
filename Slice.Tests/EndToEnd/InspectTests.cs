using System.Text.Json;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary><c>pingora-slice inspect</c> as an operator runs it, on a directory that a store has filled.</summary>
public sealed class InspectTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;

    private readonly TestDirectory _directory = new("inspect");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Totals_and_objects_are_shown()
    {
        await FillAsync();
        var (exitCode, lines) = await ProductProcess.RunAsync("inspect", _directory.Path);

        Assert.Equal(0, exitCode);
        Assert.Contains("objects    2", lines);
        Assert.Contains("slices     4, 16 KiB", lines);
        Assert.Contains("last stop  clean", lines);
        string large = Assert.Single(lines, line => line.EndsWith("/large", StringComparison.Ordinal));
        Assert.Contains("12 KiB", large, StringComparison.Ordinal);
        Assert.Contains("3/8", large, StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("1/1", StringComparison.Ordinal) && line.EndsWith("/small", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Document_for_scripts_has_every_object()
    {
        await FillAsync();
        var (exitCode, lines) = await ProductProcess.RunAsync("inspect", _directory.Path, "--json", "--verify");

        Assert.Equal(0, exitCode);
        using var document = JsonDocument.Parse(string.Join('\n', lines));
        var root = document.RootElement;
        Assert.Equal(4, root.GetProperty("slices").GetInt32());
        Assert.True(root.GetProperty("last_stop_clean").GetBoolean());
        var large = root.GetProperty("object_list")[0];
        Assert.Equal("/large", large.GetProperty("key").GetString());
        Assert.Equal((3, 8), (large.GetProperty("slices_stored").GetInt32(), large.GetProperty("slices_total").GetInt32()));
        Assert.Equal(8 * Unit, large.GetProperty("complete_length").GetInt64());
        Assert.Equal("\"v1\"", large.GetProperty("etag").GetString());
        Assert.Equal(0, root.GetProperty("damaged").GetArrayLength());
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Damaged_slices_are_named_and_make_the_exit_code()
    {
        await FillAsync();
        string path = _directory.Combine(StoreLayout.SegmentFileName(0));
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[Unit + 5] ^= 4;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);

        var (exitCode, lines) = await ProductProcess.RunAsync("inspect", "--verify", _directory.Path);

        Assert.Equal(2, exitCode);
        Assert.Contains("  slice 2 of /large: its bytes do not agree with the checksum", lines);
        Assert.Single(lines, line => line.StartsWith("  slice ", StringComparison.Ordinal));

        File.Delete(path);
        var (missing, missingLines) = await ProductProcess.RunAsync("inspect", "--verify", _directory.Path);
        Assert.Equal(2, missing);
        Assert.Equal(4, missingLines.Count(line => line.EndsWith("segment-000000.slices is gone", StringComparison.Ordinal)));

        // Memory where nothing is mapped stands in for a device that fails: reading it is an input/output error.
        File.CreateSymbolicLink(path, "/proc/self/mem");
        var (failing, failingLines) = await ProductProcess.RunAsync("inspect", "--verify", _directory.Path);
        Assert.Equal(2, failing);
        Assert.Equal(4, failingLines.Count(line => line.Contains(": it cannot be read: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Directory_in_use_can_be_looked_at_and_nothing_is_changed()
    {
        var index = new ObjectIndex();
        using var store = StoreOpener.Open(
            _directory.Path, 64 * Unit, index, TimeProvider.System, IndexWriter.DefaultMinRewriteBytes, out _);
        await AddAsync(store, index, "/now", slices: 2, [0, 1]);
        Assert.True(await store.FlushAsync());
        string[] before = Directory.GetFiles(_directory.Path);

        var (exitCode, lines) = await ProductProcess.RunAsync("inspect", _directory.Path);

        Assert.Equal(0, exitCode);
        Assert.Contains("last stop  not clean, or still running", lines);
        Assert.Contains(lines, line => line.EndsWith("/now", StringComparison.Ordinal));
        Assert.Equal(before.Order(), Directory.GetFiles(_directory.Path).Order());
    }

    [Fact]
    public async Task Directory_without_a_cache_is_told_with_those_below_it()
    {
        string below = Directory.CreateDirectory(_directory.Combine("8081")).FullName;
        StoredObjects.OpenStore(below, 64 * Unit, TimeProvider.System).Dispose();

        var (exitCode, lines) = await ProductProcess.RunAsync("inspect", _directory.Path);

        Assert.Equal(1, exitCode);
        string line = Assert.Single(lines);
        Assert.Contains($"{_directory.Combine(StoreLayout.IndexFileName)} does not exist", line, StringComparison.Ordinal);
        Assert.EndsWith($"there is one in {below}", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect needs DIR", "inspect")]
    [InlineData("--verfy: unknown option, did you mean --verify?", "inspect", "--verfy", "/tmp")]
    [InlineData("--shared: file: not understood", "inspect", "--shared", "file")]
    [InlineData("--limit", "inspect", "--limit", "0", "/tmp")]
    [InlineData("--port before inspect is the service's", "--port", "1", "inspect", "/tmp")]
    public async Task Wrong_command_line_is_told(string expected, params string[] arguments)
    {
        var (exitCode, lines) = await ProductProcess.RunAsync(arguments);
        Assert.Equal(64, exitCode);
        Assert.Contains(lines, line => line.Contains(expected, StringComparison.Ordinal));
    }

    private async Task FillAsync()
    {
        var index = new ObjectIndex();
        using var store = StoreOpener.Open(
            _directory.Path, 64 * Unit, index, TimeProvider.System, IndexWriter.DefaultMinRewriteBytes, out _);
        await AddAsync(store, index, "/large", slices: 8, [0, 2, 5]);
        await AddAsync(store, index, "/small", slices: 1, [0]);
    }

    private static async Task AddAsync(SliceStore store, ObjectIndex index, string target, int slices, int[] stored)
    {
        var generation = StoredObjects.Generation(store, slices, Unit, target: target);
        index.Publish(generation);
        foreach (int sliceIndex in stored)
        {
            await StoredObjects.AddAsync(store, generation, sliceIndex, seed: sliceIndex);
        }
    }
}
