using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Somebody else changes a segment file under a running instance: clients get the right bytes all the same, through a socket (from the
/// mapping) and through a pipe (by pread), and what was damaged is fetched again.
/// </summary>
public sealed class ChangedSegmentTests : IAsyncLifetime
{
    private const int SliceBytes = 64 << 10;
    private const int Slices = 8;

    private readonly TestDirectory _directory = new("changed-segment");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RangeFile _file = new(Slices * SliceBytes) { ExtraFields = ["Cache-Control: max-age=3600"] };
    private readonly LogCapture _log = new();
    private ScriptedOrigin _origin = null!;
    private Instance? _proxy;

    private string SegmentPath => _directory.Combine(StoreLayout.SegmentFileName(0));

    public ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        await _origin.DisposeAsync();
        _directory.Dispose();
    }

    // What was cut off has left memory, so that no time need pass.
    [Theory]
    [Trait("Behaviour", "B46")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Segment_that_was_cut_and_made_longer_again_gives_no_zeros(bool isPiped)
    {
        await StartAsync(isPiped);
        await AssertRightAsync("MISS");

        Damage(segment =>
        {
            long length = RandomAccess.GetLength(segment);
            RandomAccess.SetLength(segment, 0);
            RandomAccess.SetLength(segment, length);
        });

        int before = _origin.RequestCount;
        await AssertRightAsync("HIT");
        Assert.InRange(_origin.RequestCount - before, 1, Slices);

        // One line at once; those that follow are summed up.
        Assert.Single(_log.Lines, line => line.StartsWith("Error slice_damaged ", StringComparison.Ordinal));

        int after = _origin.RequestCount;
        await AssertRightAsync("HIT");
        Assert.Equal(after, _origin.RequestCount);
    }

    // Bytes that stay in memory: written over, or zeros that somebody has read meanwhile. Noticed when the last look is old enough.
    [Theory]
    [Trait("Behaviour", "B46")]
    [InlineData(false, "written over")]
    [InlineData(false, "cut inside a page")]
    [InlineData(false, "cut inside a folio")]
    [InlineData(false, "cut and read")]
    [InlineData(true, "written over")]
    [InlineData(true, "cut inside a page")]
    [InlineData(true, "cut inside a folio")]
    [InlineData(true, "cut and read")]
    public async Task Segment_that_was_changed_in_memory_gives_none_of_it_after_the_interval(bool isPiped, string change)
    {
        await StartAsync(isPiped);
        await AssertRightAsync("MISS");

        Damage(segment =>
        {
            long length = RandomAccess.GetLength(segment);
            if (change == "written over")
            {
                RandomAccess.Write(segment, Enumerable.Repeat((byte)0xEE, Slices * SliceBytes).ToArray(), 0);
                return;
            }

            RandomAccess.SetLength(segment, change switch
            {
                "cut and read" => 0,
                "cut inside a page" => (4 * SliceBytes) - 100,
                _ => (3 * SliceBytes) + 8192,
            });
            RandomAccess.SetLength(segment, length);
            if (change == "cut and read")
            {
                RandomAccess.Read(segment, new byte[Slices * SliceBytes], 0);
            }
        });
        _time.Advance(SegmentWatch.Interval);

        int before = _origin.RequestCount;
        await AssertRightAsync("HIT");
        int after = _origin.RequestCount;
        Assert.InRange(after - before, 1, Slices);
        await AssertRightAsync("HIT");
        Assert.Equal(after, _origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B46")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Segment_that_was_only_cut_gives_what_is_left_and_the_rest_comes_from_the_origin(bool isPiped)
    {
        await StartAsync(isPiped);
        await AssertRightAsync("MISS");

        Damage(segment => RandomAccess.SetLength(segment, (4 * SliceBytes) - 100));
        _time.Advance(SegmentWatch.Interval);

        int before = _origin.RequestCount;
        await AssertRightAsync("HIT");
        Assert.Equal(before + 5, _origin.RequestCount);
    }

    // A change of the file's attributes, and a reader, cost a comparison at most.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Segment_whose_bytes_are_the_same_is_used_as_before()
    {
        await StartAsync(isPiped: false);
        await AssertRightAsync("MISS");
        int before = _origin.RequestCount;

        Damage(segment => File.SetLastWriteTimeUtc(segment, DateTime.UnixEpoch));
        _time.Advance(SegmentWatch.Interval);
        await AssertRightAsync("HIT");

        Assert.Equal(before, _origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B46")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Slice_that_is_arriving_in_a_changed_segment_gives_its_followers_no_wrong_byte(bool isPiped)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _file.Fault = RangeFile.OnFirst(1, new RangeFault { PauseAfterBytes = SliceBytes / 2, BodyGate = gate.Task });
        await StartAsync(isPiped);
        using var first = await RawClient.ConnectAsync(_proxy!.ProxyEndPoint);
        await first.SendAsync(RawClient.Request("GET", "/file"));
        await first.ReadHeadAsync();
        Assert.Equal(TestContent.Bytes(0, SliceBytes / 2, _file.Seed), await first.ReadBytesAsync(SliceBytes / 2));

        Damage(segment => RandomAccess.Write(segment, Enumerable.Repeat((byte)0xEE, Slices * SliceBytes).ToArray(), 0));
        _time.Advance(SegmentWatch.Interval);
        using (var second = await RawClient.ConnectAsync(_proxy.ProxyEndPoint))
        {
            await second.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=0-1000"));
            Assert.Equal(TestContent.Bytes(0, 1001, _file.Seed), (await second.ReadResponseAsync()).Body);
        }

        gate.SetResult();
        Assert.Equal(
            TestContent.Bytes(SliceBytes / 2, (Slices * SliceBytes) - (SliceBytes / 2), _file.Seed),
            await first.ReadBytesAsync((Slices * SliceBytes) - (SliceBytes / 2)));
        await AssertRightAsync(expected: null);
    }

    private async Task StartAsync(bool isPiped)
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [_origin.Uri],
            SliceSizeBytes = SliceBytes,
            MaxRetries = 0,

            // So that none of the proxy's own writes is under way when a test changes the file: it would hide the change.
            MaxConcurrentSubrequests = 1,
            ListenAddress = "127.0.0.1:0",
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = false },
            Store = new CacheStoreOptions
            {
                OnDisk = true,
                Directory = _directory.Path,
                DiskSizeBytes = StoredObjects.StoreBytesFor(64 << 20),
            },
        };
        var transport = new SocketlessTransport(new SocketTransportFactory(
            Microsoft.Extensions.Options.Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance));
        _proxy = await Instance.StartAsync(
            options,
            (options, loggers) => new Composition(options, loggers, _time, metrics => new RecordingObserver(metrics)).Parts,
            logging => logging.ClearProviders().AddProvider(_log),
            services =>
            {
                if (isPiped)
                {
                    services.AddSingleton<IConnectionListenerFactory>(transport);
                }
            });
    }

    // Again until it shows: within one tick of the kernel's clock a change looks like the last write of the proxy's own.
    private void Damage(Action<Microsoft.Win32.SafeHandles.SafeFileHandle> change)
    {
        using var segment = File.OpenHandle(SegmentPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (var before = FileState.Of(segment); FileState.Of(segment).ChangedAtNs == before.ChangedAtNs;)
        {
            change(segment);
        }
    }

    private async Task AssertRightAsync(string? expected)
    {
        using var sink = new VerifyingSink(_file.Content);
        var response = await RawClient.GetVerifiedAsync(_proxy!.ProxyEndPoint, "/file", sink, Deadline.Default);
        Assert.Equal(_file.LengthBytes, sink.Count);
        Assert.Equal(expected ?? response.Field("X-Cache"), response.Field("X-Cache"));
    }
}
