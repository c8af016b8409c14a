using Microsoft.Extensions.Time.Testing;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>What a store on disk has at its next start, after a stop in order, and after none.</summary>
public sealed class StoreRecoveryTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int CapacityBytes = 64 * Unit;

    private readonly FakeTimeProvider _time = new();
    private readonly TestDirectory _directory = new("recovery");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B45")]
    public async Task Slices_are_there_again_after_a_stop()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = run.Publish("/a", slices: 4);
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0, seed: 7);
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 2, seed: 9);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(new RecoveredIndex { Objects = 1, Slices = 2, WasClosed = true }, next.Recovered);
        Assert.Equal(2 * Unit, next.Store.UsedBytes);
        var again = next.Find("/a");
        Assert.Equal([1, 0, 1, 0], Stored(again, 4));
        AssertHolds(again, sliceIndex: 0, seed: 7);
        AssertHolds(again, sliceIndex: 2, seed: 9);
    }

    [Fact]
    [Trait("Behaviour", "B53")]
    public async Task Object_under_a_long_query_is_found_again_by_all_its_bytes()
    {
        string target = "/a?" + new string('q', 5000);
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            await StoredObjects.AddAsync(run.Store, run.Publish(target, slices: 1), sliceIndex: 0, seed: 5);
            Assert.True(await run.Store.FlushAsync());
            Assert.InRange(new FileInfo(_directory.Combine(StoreLayout.IndexFileName)).Length, 256, 1024);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.True(next.Index.TryGet(System.Text.Encoding.Latin1.GetBytes(target), new FieldTable(), out var generation));
        AssertHolds(generation, sliceIndex: 0, seed: 5);
    }

    // Before keys were shortened the index held all their bytes; it is of the same format, and read.
    [Fact]
    [Trait("Behaviour", "B53")]
    public void Long_key_in_the_index_of_an_earlier_program_is_the_key_that_it_is_now()
    {
        byte[] target = [.. "/a?"u8, .. Enumerable.Repeat((byte)'q', 5000)];
        using var store = SliceStore.CreateInMemory(1 << 20, _time);
        var written = new RecordBuffer();
        IndexRecords.WriteObject(written, StoredObjects.Generation(store, slices: 1, Unit, target: "/b"));
        int keyAt = written.Written.IndexOf("/b"u8);
        var older = new RecordBuffer();
        written.Written[..(keyAt - sizeof(int))].ToArray().ToList().ForEach(older.Byte);
        older.Bytes(target);
        written.Written[(keyAt + 2)..].ToArray().ToList().ForEach(older.Byte);
        using (Run.Open(_directory.Path, CapacityBytes, _time))
        {
        }

        string path = _directory.Combine(StoreLayout.IndexFileName);
        using (var file = IndexFile.OpenToAppend(path, IndexFile.Read(path, _ => { })))
        {
            file.Append(older.Written);
        }

        Assert.Equal(new CacheKey(target).ToString(), Assert.Single(StoreInspection.Read(_directory.Path, out _)!.Objects).Key);
    }

    // The slices of what does not fit any more are free, and the index must not say that they are there.
    [Fact]
    [Trait("Behaviour", "B53")]
    public async Task Smaller_memory_of_the_index_keeps_the_newest_objects()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            for (int number = 0; number < 20; number++)
            {
                await StoredObjects.AddAsync(run.Store, run.Publish($"/{number}", slices: 1), sliceIndex: 0, seed: number);
            }
        }

        int kept;
        using (var next = Run.Open(_directory.Path, CapacityBytes, _time, indexMemoryBytes: 24 << 10))
        {
            kept = next.Index.Count;
            Assert.InRange(kept, 5, 15);
            Assert.Equal((kept, 20 - kept), (next.Recovered.Objects, next.Recovered.EvictedObjects));
            Assert.InRange(next.Index.MemoryBytes, 1, 24 << 10);
            AssertHolds(next.Find("/19"), sliceIndex: 0, seed: 19);
        }

        using var last = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(new RecoveredIndex { Objects = kept, Slices = kept, WasClosed = true }, last.Recovered);
    }

    // With a reader it keeps its slices, and takes more; the next start must not know of it.
    [Fact]
    [Trait("Behaviour", "B45")]
    [Trait("Behaviour", "B24")]
    public async Task Retired_object_that_is_still_read_is_gone_after_a_kill()
    {
        using var run = Run.Open(_directory.Path, CapacityBytes, _time);
        var generation = run.Publish("/a", slices: 4);
        await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0);
        Assert.True(generation.TryAddReader());
        run.Index.Remove(generation);
        await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 1);
        Assert.True(await run.Store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Run.Open(copy.Path, CapacityBytes, _time);

        Assert.Equal(2, run.Store.SliceCount);
        Assert.Equal((0, 0, 0L), (next.Recovered.Objects, next.Recovered.Slices, next.Store.UsedBytes));
        generation.RemoveReader();
        await Eventually.TrueAsync(() => run.Store.UsedBytes == 0, "nothing is left of it");
    }

    [Fact]
    [Trait("Behaviour", "B45")]
    public async Task Slices_are_there_again_after_a_kill()
    {
        using var run = Run.Open(_directory.Path, CapacityBytes, _time);
        var generation = run.Publish("/a", slices: 4);
        await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 1, seed: 3);
        Assert.True(await run.Store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Run.Open(copy.Path, CapacityBytes, _time);
        Assert.Equal(new RecoveredIndex { Objects = 1, Slices = 1, WasClosed = false }, next.Recovered);
        AssertHolds(next.Find("/a"), sliceIndex: 1, seed: 3);
    }

    [Fact]
    [Trait("Behaviour", "B45")]
    public async Task Slice_is_unverified_until_its_bytes_were_compared()
    {
        await StoreOneAsync("/a", seed: 1);
        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.True(next.Find("/a").TryLease(0, out var slice));
        Assert.False(slice.IsVerified);
        Assert.True(SliceVerification.Verify(slice));
        Assert.True(slice.IsVerified);
        slice.Release();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Unit - 1)]
    [Trait("Behaviour", "B46")]
    public async Task Slice_with_a_flipped_bit_is_found_out(int position)
    {
        await StoreOneAsync("/a", seed: 1);
        using (var segment = File.Open(_directory.Combine(StoreLayout.SegmentFileName(0)), FileMode.Open, FileAccess.ReadWrite))
        {
            segment.Position = position;
            int value = segment.ReadByte();
            segment.Position = position;
            segment.WriteByte((byte)(value ^ 0x10));
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.True(next.Find("/a").TryLease(0, out var slice));
        Assert.False(SliceVerification.Verify(slice));
        Assert.False(slice.IsVerified);
        slice.Release();
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Slice_whose_segment_was_cut_short_is_dropped_or_found_out()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = run.Publish("/a", slices: 4);
            for (int index = 0; index < 4; index++)
            {
                await StoredObjects.AddAsync(run.Store, generation, index, seed: index);
            }
        }

        using (var segment = File.Open(_directory.Combine(StoreLayout.SegmentFileName(0)), FileMode.Open, FileAccess.ReadWrite))
        {
            segment.SetLength((2 * Unit) + 100);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(2, next.Recovered.DroppedSlices);
        Assert.Equal([1, 1, 0, 0], Stored(next.Find("/a"), 4));
        AssertHolds(next.Find("/a"), sliceIndex: 1, seed: 1);
    }

    [Fact]
    public async Task Stored_response_is_there_again_in_every_part()
    {
        var response = new StoredResponse(
            new Validator("W/\"v\"", "Mon, 01 Jan 2024 00:00:00 GMT", Unit),
            new Freshness(Instant.ByWallClock(DateTimeOffset.UnixEpoch.AddDays(9)), TimeSpan.FromSeconds(3), TimeSpan.FromHours(2)),
            "ETag: W/\"v\"\r\nX-Bytes: \u00e9\r\n"u8.ToArray(),
            DateTimeOffset.UnixEpoch.AddYears(54),
            date: null)
        {
            Status = 404,
            RequiresValidation = true,
            IsForEverybody = true,
            HasRanges = true,
            MayCombine = false,
            Stale = new StaleUse(true, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5)),
        };
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = new Generation(StoredObjects.Key("/a"), response, new SliceGrid(Unit), isShared: true, run.Store)
            {
                IsWhole = true,
            };
            run.Index.Publish(generation);
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        var again = next.Find("/a");
        Assert.True(again.IsWhole);
        Assert.Equal(Unit, again.Grid.SliceSizeBytes);
        Assert.Equal(response.Validator, again.Response.Validator);
        Assert.Equal(response.Freshness.ReceivedAt.Utc, again.Response.Freshness.ReceivedAt.Utc);
        Assert.Equal(
            response.Freshness.AgeAt(Instant.ByWallClock(_time.GetUtcNow())), again.Response.Freshness.AgeAt(Instant.Now(_time)));
        Assert.Equal(response.Freshness.AgeWhenReceived, again.Response.Freshness.AgeWhenReceived);
        Assert.Equal(response.Freshness.Lifetime, again.Response.Freshness.Lifetime);
        Assert.Equal(response.FieldLines.ToArray(), again.Response.FieldLines.ToArray());
        Assert.Equal(response.LastModifiedDate, again.Response.LastModifiedDate);
        Assert.Null(again.Response.Date);
        Assert.Equal(404, again.Response.Status);
        Assert.True(again.Response.RequiresValidation);
        Assert.True(again.Response.IsForEverybody && again.Response.HasRanges);
        Assert.False(again.Response.MayCombine);
        Assert.Equal(response.Stale, again.Response.Stale);
    }

    [Fact]
    public async Task Validation_is_remembered()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = run.Publish("/a", slices: 1);
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0);
            var old = generation.Response;
            generation.Freshen(new StoredResponse(
                old.Validator,
                old.Freshness with { ReceivedAt = Instant.ByWallClock(DateTimeOffset.UnixEpoch.AddDays(1)) },
                [],
                lastModifiedDate: null,
                date: null));
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(1), next.Find("/a").Response.Freshness.ReceivedAt.Utc);
    }

    [Fact]
    public async Task Object_that_was_purged_stays_away()
    {
        using var run = Run.Open(_directory.Path, CapacityBytes, _time);
        var generation = run.Publish("/a", slices: 1);
        await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0);
        Assert.Equal(1, run.Index.Remove("/a"u8));
        Assert.True(await run.Store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Run.Open(copy.Path, CapacityBytes, _time);
        Assert.Equal(0, next.Index.Count);
        Assert.Equal(0, next.Store.UsedBytes);
    }

    [Fact]
    public async Task Slice_that_was_evicted_or_dropped_stays_away()
    {
        using (var run = Run.Open(_directory.Path, 4 * Unit, _time))
        {
            var generation = run.Publish("/a", slices: 6);
            for (int index = 0; index < 5; index++)
            {
                await StoredObjects.AddAsync(run.Store, generation, index, seed: index);
            }

            Assert.True(generation.TryLease(3, out var dropped));
            generation.Drop(dropped);
            dropped.Release();
        }

        using var next = Run.Open(_directory.Path, 4 * Unit, _time);
        Assert.Equal([0, 1, 1, 0, 1, 0], Stored(next.Find("/a"), 6));
        AssertHolds(next.Find("/a"), sliceIndex: 4, seed: 4);
    }

    [Fact]
    public async Task Place_in_the_queues_and_uses_survive_a_stop()
    {
        using (var run = Run.Open(_directory.Path, 4 * Unit, _time))
        {
            var generation = run.Publish("/a", slices: 6);
            for (int index = 0; index < 4; index++)
            {
                await StoredObjects.AddAsync(run.Store, generation, index);
            }

            for (int reading = 0; reading < 2; reading++)
            {
                Assert.True(generation.TryLease(0, out var read));
                read.Release();
            }

            // Slice 0 moves on to the main queue, slice 1 goes.
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 4);
            Assert.True(generation.TryLease(2, out var used));
            used.Release();
        }

        using var next = Run.Open(_directory.Path, 4 * Unit, _time);
        Assert.Equal(
            [(0, SliceQueue.Main, 0), (2, SliceQueue.Small, 1), (3, SliceQueue.Small, 0), (4, SliceQueue.Small, 0)],
            next.Find("/a").Slices.Select(slice => (slice.SliceIndex, slice.Queue, slice.Uses)));
    }

    [Fact]
    public async Task Move_to_the_main_queue_survives_a_kill()
    {
        using var run = Run.Open(_directory.Path, 4 * Unit, _time);
        var generation = run.Publish("/a", slices: 6);
        for (int index = 0; index < 4; index++)
        {
            await StoredObjects.AddAsync(run.Store, generation, index);
        }

        for (int reading = 0; reading < 2; reading++)
        {
            Assert.True(generation.TryLease(0, out var read));
            read.Release();
        }

        await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 4);
        Assert.True(await run.Store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Run.Open(copy.Path, 4 * Unit, _time);
        Assert.Equal(
            [SliceQueue.Main, SliceQueue.Small, SliceQueue.Small, SliceQueue.Small],
            next.Find("/a").Slices.Select(slice => slice.Queue));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Two_slices_that_claim_one_place_are_not_both_believed()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            await StoredObjects.AddAsync(run.Store, run.Publish("/0", slices: 1), sliceIndex: 0, seed: 0);
        }

        // The record of the slice once more, as the second slice of another object.
        string path = _directory.Combine(StoreLayout.IndexFileName);
        var contents = IndexFile.Read(path, _ => { });
        using (var file = IndexFile.OpenToAppend(path, contents))
        using (var other = SliceStore.CreateInMemory(CapacityBytes, _time))
        {
            var buffer = new RecordBuffer();
            var generation = StoredObjects.Generation(other, slices: 2, Unit, target: "/1");
            _ = StoredObjects.Generation(other, slices: 2, Unit, target: "/1");
            var twin = StoredObjects.Generation(other, slices: 2, Unit, target: "/1");
            IndexRecords.WriteObject(buffer, twin);
            var slice = await StoredObjects.AddAsync(other, generation, sliceIndex: 1, seed: 11);
            slice.TenantId = twin.Id;
            IndexRecords.WriteSlice(buffer, slice);
            file.Append(buffer.Written);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(1, next.Recovered.DroppedSlices);
        Assert.Equal(Unit, next.Store.UsedBytes);
        AssertEverySliceIsRightOrFoundOut(next);
    }

    // Checksums keep accidents away, not somebody who can write to the directory; such a record must cost nothing but itself.
    [Theory]
    [Trait("Behaviour", "B46")]
    [InlineData(0, 0, 0, int.MaxValue, 1)]
    [InlineData(0, 0, 0, -1, 1)]
    [InlineData(-1, 0, 0, Unit, 1)]
    [InlineData(int.MaxValue, 0, 0, Unit, 1)]
    [InlineData(1, 0, -Unit, Unit, 1)]
    [InlineData(1, 0, 5, Unit, 1)]
    [InlineData(1, 0, int.MaxValue / Unit * Unit, Unit, 1)]
    [InlineData(1, 9, 0, Unit, 1)]
    [InlineData(1, 0, 0, Unit, 7)]
    public async Task Slice_that_cannot_be_is_dropped(int sliceIndex, int segment, int offsetBytes, int lengthBytes, byte standing)
    {
        uint id;
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = run.Publish("/0", slices: 2);
            id = generation.Id;
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0, seed: 0);
        }

        string path = _directory.Combine(StoreLayout.IndexFileName);
        using (var file = IndexFile.OpenToAppend(path, IndexFile.Read(path, _ => { })))
        {
            var buffer = new RecordBuffer();
            buffer.Byte((byte)IndexRecordKind.Slice);
            buffer.UInt32(id);
            buffer.Int32(sliceIndex);
            buffer.UInt16((ushort)segment);
            buffer.Int32(offsetBytes);
            buffer.Int32(lengthBytes);
            buffer.UInt32(0);
            buffer.Byte(standing);
            file.Append(buffer.Written);
        }

        Assert.NotNull(StoreInspection.Read(_directory.Path, out _));
        Assert.InRange(StoreInspection.Read(_directory.Path, out _)!.Verify().Count(), 0, 1);
        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(1, next.Recovered.DroppedSlices);
        AssertEverySliceIsRightOrFoundOut(next);
    }

    [Fact]
    public async Task Newer_version_of_an_object_is_the_one_that_is_found()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            await StoredObjects.AddAsync(run.Store, run.Publish("/a", slices: 1), sliceIndex: 0, seed: 1);
            await StoredObjects.AddAsync(run.Store, run.Publish("/a", slices: 1), sliceIndex: 0, seed: 2);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(1, next.Index.Count);
        AssertHolds(next.Find("/a"), sliceIndex: 0, seed: 2);
    }

    [Fact]
    public async Task Slices_stored_before_their_object_was_published_are_there()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = StoredObjects.Generation(run.Store, slices: 2, Unit, target: "/a");
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0, seed: 1);
            run.Index.Publish(generation);
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 1, seed: 2);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        AssertHolds(next.Find("/a"), sliceIndex: 0, seed: 1);
        AssertHolds(next.Find("/a"), sliceIndex: 1, seed: 2);
    }

    [Fact]
    public async Task Response_for_one_client_is_not_kept()
    {
        using (var run = Run.Open(_directory.Path, CapacityBytes, _time))
        {
            var generation = StoredObjects.Generation(run.Store, slices: 1, Unit, isShared: false, target: "/a");
            await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0);
        }

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(new RecoveredIndex { WasClosed = true }, next.Recovered);
    }

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Smaller_capacity_keeps_what_lies_within_it()
    {
        using (var run = Run.Open(_directory.Path, 8 * Unit, _time))
        {
            var generation = run.Publish("/a", slices: 8);
            for (int index = 0; index < 8; index++)
            {
                await StoredObjects.AddAsync(run.Store, generation, index, seed: index);
            }
        }

        using (var next = Run.Open(_directory.Path, 4 * Unit, _time))
        {
            Assert.Equal(4 * Unit, next.Store.UsedBytes);
            Assert.Equal(4 * Unit, new FileInfo(_directory.Combine(StoreLayout.SegmentFileName(0))).Length);
            Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0], Stored(next.Find("/a"), 8));
        }

        using var larger = Run.Open(_directory.Path, 16 * Unit, _time);
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0], Stored(larger.Find("/a"), 8));
        for (int count = 0; count < 12; count++)
        {
            Assert.NotNull(await larger.Store.ReserveAsync(Unit));
        }

        Assert.Equal(16 * Unit, larger.Store.UsedBytes);
    }

    [Fact]
    public async Task Index_cut_off_at_any_byte_never_gives_a_wrong_slice()
    {
        using (var run = Run.Open(_directory.Path, 4 * Unit, _time))
        {
            for (int round = 0; round < 3; round++)
            {
                var generation = run.Publish("/" + round, slices: 3);
                for (int index = 0; index < 3; index++)
                {
                    await StoredObjects.AddAsync(run.Store, generation, index, seed: (10 * round) + index);
                    Assert.True(await run.Store.FlushAsync());
                }
            }
        }

        byte[] whole = await File.ReadAllBytesAsync(_directory.Combine(StoreLayout.IndexFileName), TestContext.Current.CancellationToken);
        int verified = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            using var copy = KilledCache.CopyOf(_directory);
            await File.WriteAllBytesAsync(copy.Combine(StoreLayout.IndexFileName), whole[..length], TestContext.Current.CancellationToken);
            using var next = Run.Open(copy.Path, 4 * Unit, _time);
            verified += AssertEverySliceIsRightOrFoundOut(next);
            Assert.False(next.Recovered.WasClosed);
        }

        Assert.True(verified > 0);
    }

    [Fact]
    public async Task Index_with_any_byte_changed_never_gives_a_wrong_slice()
    {
        await StoreOneAsync("/0", seed: 0);
        byte[] whole = await File.ReadAllBytesAsync(_directory.Combine(StoreLayout.IndexFileName), TestContext.Current.CancellationToken);
        for (int position = 0; position < whole.Length; position++)
        {
            using var copy = KilledCache.CopyOf(_directory);
            byte[] damaged = [.. whole];
            damaged[position] ^= 0x41;
            await File.WriteAllBytesAsync(copy.Combine(StoreLayout.IndexFileName), damaged, TestContext.Current.CancellationToken);
            using var next = Run.Open(copy.Path, CapacityBytes, _time);
            AssertEverySliceIsRightOrFoundOut(next);
        }
    }

    [Fact]
    public async Task Index_of_another_version_is_refused_with_its_number()
    {
        await StoreOneAsync("/a", seed: 1);
        byte[] index = await File.ReadAllBytesAsync(_directory.Combine(StoreLayout.IndexFileName), TestContext.Current.CancellationToken);
        index[8] = 77;
        await File.WriteAllBytesAsync(_directory.Combine(StoreLayout.IndexFileName), index, TestContext.Current.CancellationToken);

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Contains("format 77", next.Recovered.Refusal, StringComparison.Ordinal);
        Assert.Contains($"format {IndexFile.Version}", next.Recovered.Refusal, StringComparison.Ordinal);
        Assert.Equal(0, next.Index.Count);
        Assert.Equal(0, next.Store.UsedBytes);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Removed_files_are_noticed_and_the_store_begins_anew()
    {
        using var run = Run.Open(_directory.Path, CapacityBytes, _time);

        // Not on the journal's thread, which the end of the test waits for.
        var begunAnew = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        run.Store.HasBegunAnew = begunAnew.SetResult;
        var generation = run.Publish("/a", slices: 2);
        await StoredObjects.AddAsync(run.Store, generation, sliceIndex: 0, seed: 1);
        Assert.True(generation.TryLease(0, out var leased));
        foreach (string path in Directory.GetFiles(_directory.Path))
        {
            File.Delete(path);
        }

        await Deadline.WithinAsync(begunAnew.Task, "the store begins anew");

        Assert.Equal(0, run.Index.Count);
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 1), StoredObjects.Bytes(leased));
        leased.Release();
        await StoredObjects.AddAsync(run.Store, run.Publish("/b", slices: 1), sliceIndex: 0, seed: 2);
        await Eventually.TrueAsync(() => File.Exists(_directory.Combine(StoreLayout.IndexFileName)), "there is an index again");
        run.Dispose();

        using var next = Run.Open(_directory.Path, CapacityBytes, _time);
        Assert.Equal(1, next.Index.Count);
        AssertHolds(next.Find("/b"), sliceIndex: 0, seed: 2);
    }

    private async Task StoreOneAsync(string target, int seed)
    {
        using var run = Run.Open(_directory.Path, CapacityBytes, _time);
        await StoredObjects.AddAsync(run.Store, run.Publish(target, slices: 1), sliceIndex: 0, seed);
    }

    // Objects are named by their round, and slice i of round r has seed 10 r + i.
    private static int AssertEverySliceIsRightOrFoundOut(Run run)
    {
        int verified = 0;
        foreach (var generation in run.Index.Generations)
        {
            int round = generation.Key.ToString()[1] - '0';
            foreach (var slice in generation.Slices)
            {
                if (SliceVerification.Verify(slice))
                {
                    Assert.Equal(TestContent.Bytes(0, Unit, (10 * round) + slice.SliceIndex), StoredObjects.Bytes(slice));
                    verified++;
                }
            }
        }

        return verified;
    }

    private static void AssertHolds(Generation generation, int sliceIndex, int seed)
    {
        Assert.True(generation.TryLease(sliceIndex, out var slice));
        Assert.True(SliceVerification.Verify(slice));
        Assert.Equal(TestContent.Bytes(0, Unit, seed), StoredObjects.Bytes(slice));
        slice.Release();
    }

    private static IEnumerable<int> Stored(Generation generation, int count) =>
        Enumerable.Range(0, count).Select(index => generation.CountStored(index, 1));

    private sealed class Run : IDisposable
    {
        private Run(SliceStore store, ObjectIndex index, RecoveredIndex recovered)
        {
            Store = store;
            Index = index;
            Recovered = recovered;
        }

        public SliceStore Store { get; }

        public ObjectIndex Index { get; }

        public RecoveredIndex Recovered { get; }

        public static Run Open(string path, long capacityBytes, TimeProvider time, long indexMemoryBytes = long.MaxValue)
        {
            var index = new ObjectIndex(indexMemoryBytes);
            var store = StoreOpener.Open(path, capacityBytes, index, time, IndexWriter.DefaultMinRewriteBytes, out var recovered);
            store.TenantEmptied = index.RemoveEmptied;
            return new Run(store, index, recovered);
        }

        public Generation Publish(string target, int slices)
        {
            var generation = StoredObjects.Generation(Store, slices, Unit, target: target);
            Index.Publish(generation);
            return generation;
        }

        public Generation Find(string target)
        {
            Assert.True(Index.TryGet(StoredObjects.Key(target).Bytes, new FieldTable(), out var generation), target);
            return generation;
        }

        public void Dispose() => Store.Dispose();
    }
}
