using Slice.Core.Objects.Journal;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// Values in right envelopes that are not what this program writes: by a newer program, or by somebody else where there is no MAC. No
/// instance goes deaf of them.
/// </summary>
public sealed class UnreadableNewsTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public UnreadableNewsTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    // Nobody can tell what it said, so all that is stored is validated; and what comes after it is heard.
    [Theory]
    [InlineData("")]
    [InlineData("an id of another length")]
    [InlineData("no number of events")]
    [InlineData("a version that is cut")]
    public async Task News_that_cannot_be_read_count_as_lost_and_the_next_are_heard(string fault)
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        var names = fleet[0].Composition.Tier!.Names;

        await AppendAsync(names.News, number => new TierLabel(TierValueKind.News, names.NewsAt(number)), RecordsOf(fault));

        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsLost == 1, () => "the loss to be noticed");
        await ExpectPurgeReachesBothAsync(fleet);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a scope of a newer program")]
    public async Task Purge_that_cannot_be_read_counts_as_lost_and_the_next_is_heard(string fault)
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        var names = fleet[0].Composition.Tier!.Names;

        await AppendAsync(names.Purges, number => new TierLabel(TierValueKind.Purge, names.PurgeAt(number)), RecordsOf(fault));

        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsLost == 1, () => "the loss to be noticed");
        await ExpectPurgeReachesBothAsync(fleet);

        // Whoever begins later does not know what it said either.
        await fleet.AddAsync();
    }

    [Fact]
    public async Task Place_of_an_instance_that_cannot_be_read_is_nobodys()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        var names = fleet[0].Composition.Tier!.Names;
        await SetAsync(new TierLabel(TierValueKind.Instance, names.InstanceAt(5)), new RecordBuffer());

        await ExpectPurgeReachesBothAsync(fleet);
        await fleet.AddAsync();
    }

    private static RecordBuffer RecordsOf(string fault)
    {
        var records = new RecordBuffer();
        switch (fault)
        {
            case "an id of another length":
                records.Bytes(new byte[15]);
                records.Int32(0);
                break;
            case "no number of events":
                records.Bytes(new byte[16]);
                break;
            case "a version that is cut":
                records.Bytes(new byte[16]);
                records.Byte(0);
                records.Int32(1);
                records.Byte((byte)TierEventKind.Changed);
                records.Bytes("/file"u8);
                records.Bytes(new byte[3]);
                break;
            case "a scope of a newer program":
                records.Bytes(new byte[16]);
                records.Byte(0);
                records.Byte((byte)IndexRecordKind.Purged);
                records.Int64(1);
                records.Byte(77);
                records.Byte(0);
                records.Int64(0);
                records.Bytes([]);
                records.UInt64s([]);
                break;
        }

        return records;
    }

    private static async Task ExpectPurgeReachesBothAsync(Fleet fleet)
    {
        var answer = await fleet[0].PurgeAsync("/*", "X-Purge-All: true");
        Assert.Contains("\"instances\":2,\"answered\":2", System.Text.Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
        answer = await fleet[1].PurgeAsync("/file");
        Assert.Contains("\"instances\":2,\"answered\":2", System.Text.Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
    }

    private async Task AppendAsync(string counter, Func<long, TierLabel> label, RecordBuffer records)
    {
        await using var store = _server.Open();
        long number = await store.IncrementAsync(counter, 1, TestContext.Current.CancellationToken);
        await SetAsync(label(number), records);
    }

    private async Task SetAsync(TierLabel label, RecordBuffer records)
    {
        await using var store = _server.Open();
        byte[] value = new byte[TierEnvelope.HeaderBytes + records.Length];
        records.Written.CopyTo(value.AsSpan(TierEnvelope.HeaderBytes));
        new TierEnvelope(null).Seal(value, label, TimeSpan.FromMinutes(1));
        await store.SetAsync(label.Name, value, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }
}
