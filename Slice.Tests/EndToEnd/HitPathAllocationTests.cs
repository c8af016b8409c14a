using System.Diagnostics;
using System.Reflection;
using Slice.Core.Options;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// What a hit allocates does not grow with its slices. The count is of the whole process, so nothing else may run meanwhile, and the
/// client here is a blocking socket.
/// </summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class HitPathAllocationTests
{
    private const int SliceBytes = 4 << 10;
    private const int FewSlices = 64;
    private const int ManySlices = 512;

    // Far below one object per slice (24 bytes), far above the thread pool's and the timer's own noise over a run.
    private const double MaxBytesPerSlice = 4;

    private static bool IsUnoptimized =>
        typeof(Http1Connection).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;

    [Fact]
    public async Task Hit_of_many_slices_allocates_no_more_than_one_of_few()
    {
        var file = new RangeFile(ManySlices * SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartQuietAsync(origin.Uri, SliceBytes);
        proxy.StopRecording();
        using var client = new BlockingClient(proxy.EndPoint);
        byte[] few = Wire.Bytes(RawClient.Request("GET", "/file", $"Range: bytes=0-{(FewSlices * SliceBytes) - 1}"));
        byte[] many = Wire.Bytes(RawClient.Request("GET", "/file", $"Range: bytes=0-{(ManySlices * SliceBytes) - 1}"));
        for (int warmUp = 0; warmUp < 50; warmUp++)
        {
            client.Exchange(few, FewSlices * SliceBytes);
            client.Exchange(many, ManySlices * SliceBytes);
        }

        int requestsWhenWarm = origin.RequestCount;

        // The least of several runs: what disturbs a run only adds.
        long bytesForFew = long.MaxValue;
        long bytesForMany = long.MaxValue;
        for (int run = 0; run < 20; run++)
        {
            bytesForFew = Math.Min(bytesForFew, Measure(client, few, FewSlices * SliceBytes));
            bytesForMany = Math.Min(bytesForMany, Measure(client, many, ManySlices * SliceBytes));
        }

        double bytesPerSlice = (double)(bytesForMany - bytesForFew) / (ManySlices - FewSlices);
        Assert.True(
            bytesPerSlice <= MaxBytesPerSlice,
            $"{bytesPerSlice} bytes per slice: {bytesForFew} for {FewSlices}, {bytesForMany} for {ManySlices}");
        Assert.Equal(requestsWhenWarm, origin.RequestCount);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("json")]
    [InlineData("combined")]
    public async Task Small_hit_allocates_nothing(string? accessLogFormat)
    {
        // Without optimization the compiler makes every async state machine an object, also those that never wait.
        Assert.SkipWhen(IsUnoptimized, "the product is built without optimization");
        var file = new RangeFile(SliceBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        using var directory = new TestDirectory("access-log");
        await using var proxy = await ProxyUnderTest.StartQuietAsync(
            origin.Uri,
            SliceBytes,
            options => options with
            {
                TrustedProxies = ["127.0.0.1"],
                AccessLog = new AccessLogOptions
                {
                    Path = accessLogFormat is null ? null : directory.Combine("access.log"),
                    Format = accessLogFormat ?? "combined",
                },
            });
        proxy.StopRecording();
        using var client = new BlockingClient(proxy.EndPoint);
        byte[] request = Wire.Bytes(
            RawClient.Request("GET", "/file", "Range: bytes=0-99", "User-Agent: a", "X-Forwarded-For: 2001:db8::1, 192.0.2.1"));
        for (int warmUp = 0; warmUp < 200; warmUp++)
        {
            client.Exchange(request, 100);
        }

        long least = long.MaxValue;
        for (int run = 0; run < 50; run++)
        {
            least = Math.Min(least, Measure(client, request, 100));
        }

        Assert.Equal(0, least);
    }

    private static long Measure(BlockingClient client, byte[] request, int bodyBytes)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        client.Exchange(request, bodyBytes);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
