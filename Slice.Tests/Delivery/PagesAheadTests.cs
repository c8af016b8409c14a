using System.Collections.Concurrent;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Observability;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Net.Delivery;
using Slice.Tests.Support;

namespace Slice.Tests.Delivery;

/// <summary>A response from the disk reads ahead of its client, within bounds, and never before a client that waits.</summary>
public sealed class PagesAheadTests : IDisposable
{
    private const int SliceBytes = 1 << 20;
    private const int Slices = 5;

    // What PageResidency gives to reading ahead of its sixteen threads.
    private const int ThreadsAhead = 4;
    private const int Places = 128;

    private readonly TestDirectory _directory = new("pages-ahead");
    private readonly PageResidency _residency = new();
    private readonly SliceWindow _window = new(fetcher: null!);
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly PagesAhead _ahead;
    private SliceStore _store;
    private StoredSlice[] _slices = [];

    public PagesAheadTests()
    {
        _store = StoredObjects.OpenStore(_directory.Path, 64 << 20, TimeProvider.System);
        _ahead = new PagesAhead(_residency, _meter);
    }

    public void Dispose()
    {
        _residency.Dispose();
        _store.Dispose();
        _meter.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Two_pieces_after_the_one_that_is_sent_are_brought_in_and_no_more()
    {
        await DeliverColdAsync();
        _ahead.Begin();

        _ahead.Ask(_window, SliceBytes);
        await ResidentAsync(1);
        await AskUntilDoneAsync(SliceBytes);
        Assert.Equal([false, true, true, false, false], _slices.Select(slice => slice.IsResident(0, SliceBytes)));

        // The client has half of the current slice: what is ahead of it is the other half, one slice and a half of the next.
        await AskUntilDoneAsync(SliceBytes / 2);
        Assert.Equal([false, true, true, false, false], _slices.Select(slice => slice.IsResident(0, SliceBytes)));
        Assert.True(_slices[0].IsResident(SliceBytes / 2, SliceBytes / 2));

        _window.Advance();
        await AskUntilDoneAsync(SliceBytes);
        Assert.Equal([false, true, true, true, false], _slices.Select(slice => slice.IsResident(0, SliceBytes)));
        _window.End();
    }

    [Fact]
    public async Task Slices_of_an_earlier_run_are_compared_ahead()
    {
        await DeliverColdAsync();
        _window.End();
        _store.Dispose();
        var index = new ObjectIndex();
        _store = StoreOpener.Open(_directory.Path, 64 << 20, index, TimeProvider.System, out _);
        Assert.True(index.TryGet(StoredObjects.Key().Bytes, new FieldTable(), out var generation));
        Begin(generation);
        Assert.All(_slices, slice => Assert.False(slice.IsVerified));
        _ahead.Begin();

        await AskUntilDoneAsync(SliceBytes);

        Assert.Equal([false, true, true, false, false], _slices.Select(slice => slice.IsVerified));
        _ahead.End();
        _window.End();
    }

    [Fact]
    public async Task Client_that_waits_goes_before_everybody_who_reads_ahead()
    {
        await DeliverColdAsync();
        using var gate = new ManualResetEventSlim();
        var blockers = await BlockThreadsAheadAsync(gate);
        _ahead.Begin();
        _ahead.Ask(_window, SliceBytes);

        bool isThere = await Deadline.WithinAsync(
            _residency.BringInAsync(new PageWish(), _slices[3], 0, SliceBytes).AsTask(), "a wish while others read ahead");

        Assert.True(isThere);
        Assert.Equal(3, _slices[1].Leases);
        Assert.False(_slices[1].IsResident(0, SliceBytes));
        gate.Set();
        await ResidentAsync(1);
        Assert.Equal(ThreadsAhead, blockers.Count);
        _window.End();
    }

    [Fact]
    public async Task End_of_the_response_gives_up_what_nobody_has_begun_and_the_next_begins_when_it_is_out_of_the_line()
    {
        await DeliverColdAsync();
        using var gate = new ManualResetEventSlim();
        await BlockThreadsAheadAsync(gate);
        _ahead.Begin();
        _ahead.Ask(_window, SliceBytes);
        Assert.Equal(3, _slices[1].Leases);

        _ahead.End();

        Assert.Equal(2, _slices[1].Leases);
        Assert.Equal(Places, TakeAllPlaces());
        GiveBack(Places);
        _ahead.Begin();
        Assert.False(_ahead.IsOn);
        gate.Set();
        await Eventually.TrueAsync(
            () =>
            {
                _ahead.Begin();
                return _ahead.IsOn;
            },
            "the place in line is free");
        await AskUntilDoneAsync(SliceBytes);
        Assert.True(_slices[2].IsResident(0, SliceBytes));
        _ahead.End();
        _window.End();
    }

    [Fact]
    public async Task End_while_a_piece_is_brought_in_gives_lease_and_place_back_when_it_is_there()
    {
        await DeliverColdAsync();
        for (int round = 0; round < 200; round++)
        {
            await Eventually.TrueAsync(
                () =>
                {
                    _ahead.Begin();
                    return _ahead.IsOn;
                },
                "the last round is over");
            PageCache.Unmap(_slices[1].Map(0, SliceBytes));
            PageCache.Drop(SegmentPath());
            Assert.False(_slices[1].IsResident(0, 1));
            _ahead.Ask(_window, SliceBytes);
            await Task.Yield();
            _ahead.End();
        }

        _window.End();
        await Eventually.TrueAsync(() => _slices.All(slice => slice.Leases == 1), "only the index has leases");
        int places = 0;
        await Eventually.TrueAsync(() => (places += TakeAllPlaces()) == Places, () => $"all places are free, not {places}");
    }

    [Fact]
    public async Task Response_without_a_place_does_not_read_ahead()
    {
        await DeliverColdAsync();
        Assert.Equal(Places, TakeAllPlaces());
        _ahead.Begin();
        Assert.False(_ahead.IsOn);

        GiveBack(1);
        _ahead.Begin();
        Assert.True(_ahead.IsOn);
        _ahead.Begin();
        Assert.Equal(0, TakeAllPlaces());

        _ahead.End();
        _ahead.End();
        Assert.Equal(1, TakeAllPlaces());
        _window.End();
    }

    [Fact]
    public async Task After_disposal_nothing_stays_leased()
    {
        await DeliverColdAsync();
        _residency.Dispose();
        _ahead.Begin();
        _ahead.Ask(_window, SliceBytes);
        Assert.Equal(2, _slices[1].Leases);
        _ahead.End();
        _window.End();
        Assert.All(_slices, slice => Assert.Equal(1, slice.Leases));
    }

    [Fact]
    public async Task Piece_that_throws_is_given_up_and_the_next_one_is_asked_for()
    {
        await DeliverColdAsync();
        var failures = new ConcurrentQueue<Exception>();
        using var residency = new PageResidency { WorkFailed = failures.Enqueue };

        // It throws where the piece would be counted.
        var ahead = new PagesAhead(residency, meter: null!);
        ahead.Begin();
        for (int piece = 1; piece <= 2; piece++)
        {
            ahead.Ask(_window, SliceBytes);
            await Eventually.TrueAsync(() => failures.Count == piece, () => $"the end of piece {piece}");
        }

        ahead.End();
        Assert.Equal([true, true], _slices[1..3].Select(slice => slice.IsResident(0, SliceBytes)));
    }

    private async Task DeliverColdAsync()
    {
        var index = new ObjectIndex();
        _store.Dispose();
        _store = StoreOpener.Open(_directory.Path, 64 << 20, index, TimeProvider.System, out _);
        var generation = StoredObjects.Generation(_store, Slices, SliceBytes);
        index.Publish(generation);
        for (int sliceIndex = 0; sliceIndex < Slices; sliceIndex++)
        {
            await StoredObjects.AddAsync(_store, generation, sliceIndex, seed: sliceIndex);
        }

        Begin(generation);
        PageCache.Drop(SegmentPath());
        Assert.All(_slices, slice => Assert.False(slice.IsResident(0, 1)));
    }

    private void Begin(Generation generation)
    {
        _window.Begin(
            null!,
            generation,
            SlicePlanner.Plan(generation.Grid, new ByteRange(0, (long)Slices * SliceBytes), generation.Response.CompleteLength),
            Slices);
        _window.Fill();
        _slices = [.. Enumerable.Range(0, Slices).Select(ordinal => _window[ordinal].Stored!)];
    }

    private Task ResidentAsync(int sliceIndex) =>
        Eventually.TrueAsync(
            () => _slices[sliceIndex].IsResident(0, SliceBytes) && _slices[sliceIndex].Leases == 2,
            () => $"slice {sliceIndex} is in memory");

    // As often as the delivery of many pieces would.
    private async Task AskUntilDoneAsync(int passedBytes)
    {
        int quiet = 0;
        await Eventually.TrueAsync(
            () =>
            {
                _ahead.Ask(_window, passedBytes);
                quiet = _slices.All(slice => slice.Leases <= 2) ? quiet + 1 : 0;
                return quiet > 2;
            },
            "nothing is left to be brought in");
    }

    private async Task<ConcurrentBag<int>> BlockThreadsAheadAsync(ManualResetEventSlim gate)
    {
        var blocked = new ConcurrentBag<int>();
        for (int thread = 0; thread < ThreadsAhead; thread++)
        {
            _residency.RunAhead(new BlockingWork(gate, blocked));
        }

        await Eventually.TrueAsync(() => blocked.Count == ThreadsAhead, "all threads that may read ahead do");
        return blocked;
    }

    private int TakeAllPlaces()
    {
        int taken = 0;
        while (_residency.TryEnterAhead())
        {
            taken++;
        }

        return taken;
    }

    private void GiveBack(int places)
    {
        for (int place = 0; place < places; place++)
        {
            _residency.LeaveAhead();
        }
    }

    private string SegmentPath() => Directory.GetFiles(_directory.Path).Single(path => new FileInfo(path).Length > SliceBytes);

    private sealed class BlockingWork(ManualResetEventSlim gate, ConcurrentBag<int> begun) : PageWork
    {
        public override void Run()
        {
            begun.Add(0);
            gate.Wait(Deadline.Default);
        }

        public override void Abandon()
        {
        }
    }
}
