using Microsoft.Extensions.Time.Testing;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>How old a value is, is told by the clock of the file server, whatever the clocks of the instances say.</summary>
[Trait("Behaviour", "B58")]
public sealed class DirectoryAgeTests
{
    private const string Key = "pslice:s:1";
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly byte[] s_value = "a value"u8.ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-24)]
    [InlineData(24)]
    public async Task Clocks_of_instances_that_are_hours_apart_change_nothing(int hours)
    {
        await using var directory = new SharedDirectory();
        var here = directory.Open(new SettableTime(DateTimeOffset.UtcNow));
        var elsewhere = directory.Open(new SettableTime(DateTimeOffset.UtcNow.AddHours(hours)));
        await elsewhere.SetAsync(Key, s_value, s_hour, Ct);
        using (var read = await here.GetAsync(Key, Ct))
        {
            Assert.InRange(read!.Remaining, s_hour - TimeSpan.FromSeconds(20), s_hour);
        }

        SharedDirectory.Age(directory.FileOf(Key), TimeSpan.FromMinutes(40));
        using (var read = await elsewhere.GetAsync(Key, Ct))
        {
            // Their time stands still, and the server's goes on.
            Assert.InRange(read!.Remaining, TimeSpan.FromMinutes(19), TimeSpan.FromMinutes(20.5));
        }

        SharedDirectory.Age(directory.FileOf(Key), TimeSpan.FromMinutes(61));
        Assert.Null(await elsewhere.GetAsync(Key, Ct));
        Assert.Null(await here.GetAsync(Key, Ct));
    }

    [Fact]
    public async Task Value_of_the_future_is_a_miss()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_hour, Ct);
        SharedDirectory.Age(directory.FileOf(Key), -TimeSpan.FromMinutes(1));
        Assert.Null(await store.GetAsync(Key, Ct));
    }

    [Fact]
    public async Task Age_goes_on_with_the_time_since_the_server_was_asked()
    {
        await using var directory = new SharedDirectory();
        var time = new FakeTimeProvider();
        var store = directory.Open(time);
        await store.SetAsync(Key, s_value, s_hour, Ct);
        using var first = await store.GetAsync(Key, Ct);
        time.Advance(TimeSpan.FromSeconds(9));
        using var second = await store.GetAsync(Key, Ct);
        Assert.Equal(first!.Remaining - TimeSpan.FromSeconds(9), second!.Remaining);

        // The server is asked again then, and knows that nothing of the kind has passed.
        time.Advance(TimeSpan.FromSeconds(1));
        using var third = await store.GetAsync(Key, Ct);
        Assert.True(third!.Remaining > second.Remaining);
    }

    [Fact]
    public async Task Machine_that_slept_asks_the_server_again()
    {
        await using var directory = new SharedDirectory();
        var time = new SettableTime(DateTimeOffset.UtcNow);
        var store = directory.Open(time);
        await store.SetAsync(Key, s_value, s_hour, Ct);
        using (var read = await store.GetAsync(Key, Ct))
        {
            Assert.NotNull(read);
        }

        string own = Assert.Single(Directory.GetFiles(directory.Combine(DirectoryLayout.Instances)));
        SharedDirectory.Age(own, s_hour);
        time.SetClock(TimeSpan.FromHours(5));
        using (var read = await store.GetAsync(Key, Ct))
        {
            Assert.NotNull(read);
        }

        Assert.True(DateTime.UtcNow - File.GetLastWriteTimeUtc(own) < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Renewed_value_keeps_its_file_and_has_its_new_lifetime_from_now_on()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_hour, Ct);
        SharedDirectory.Age(directory.FileOf(Key), TimeSpan.FromMinutes(50));
        Assert.True(await store.TryRenewAsync(Key, s_value, TimeSpan.FromMinutes(30), Ct));
        using var read = await store.GetAsync(Key, Ct);
        Assert.Equal(s_value, read!.Bytes);
        Assert.InRange(read.Remaining, TimeSpan.FromMinutes(29), TimeSpan.FromMinutes(30));

        SharedDirectory.Age(directory.FileOf(Key), TimeSpan.FromMinutes(31));
        Assert.False(await store.TryRenewAsync(Key, s_value, s_hour, Ct));
    }

    [Fact]
    public async Task Reading_is_noted_once_an_hour_and_does_not_make_a_value_younger()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, s_value, s_hour * 10, Ct);
        string file = directory.FileOf(Key);
        SharedDirectory.Age(file, s_hour * 2);
        var written = File.GetLastWriteTimeUtc(file);
        using (var read = await store.GetAsync(Key, Ct))
        {
            Assert.NotNull(read);
        }

        var noted = File.GetLastAccessTimeUtc(file);
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        Assert.True(noted - written > s_hour);
        using (var read = await store.GetAsync(Key, Ct))
        {
            Assert.InRange(read!.Remaining, (s_hour * 8) - TimeSpan.FromMinutes(1), s_hour * 8);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(3_600_000)]
    [InlineData(2_592_000_000)]
    [InlineData(long.MaxValue / 2_000_000)]
    public void Older_is_never_a_smaller_step(long ageMs)
    {
        long ageNs = ageMs * 1_000_000;
        int step = AgeHistogram.StepOf(ageNs);
        Assert.InRange(step, AgeHistogram.StepOf(ageNs - 1_000_000), AgeHistogram.StepOf(ageNs + (ageNs / 100)));
        var histogram = new AgeHistogram();
        histogram.Add(ageNs, 10);
        Assert.Equal(step, histogram.OldestStepsOf(10));
        Assert.Equal(step, histogram.OldestStepsOf(1));
        Assert.True(histogram.OldestStepsOf(0) > step);
    }
}
