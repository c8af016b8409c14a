using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

/// <summary>Purges of many objects: in force at once, for what was asked for before them and for nothing else.</summary>
public sealed class PurgesInForceTests : IDisposable
{
    private const int SliceBytes = 16;

    private static readonly Instant s_now = Instant.ByWallClock(DateTimeOffset.UnixEpoch.AddMinutes(1));

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
    private readonly ObjectIndex _index = new();

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("/a/", "/a/b", true)]
    [InlineData("/a/", "/a/", true)]
    [InlineData("/a/", "/a", false)]
    [InlineData("/a", "/ab", true)]
    [InlineData("/a/b?q=1", "/a/b?q=12", true)]
    [InlineData("/b", "/a/b", false)]
    [InlineData("", "/a", true)]
    [InlineData("first.example/", "first.example/x", true)]
    [InlineData("first.example/", "second.example/x", false)]
    public void Prefix_is_for_the_keys_that_begin_so(string prefix, string key, bool isPurged)
    {
        _index.Publish(NewGeneration(key));

        Add(Purge.OfPrefix(Encoding.Latin1.GetBytes(prefix), isSoft: false, s_now));

        Assert.Equal(isPurged, Find(key) is null);
    }

    [Theory]
    [InlineData(180, 300, true)]
    [InlineData(180, 180, true)]
    [InlineData(200, 300, true)]
    [InlineData(400, 500, true)]
    [InlineData(200, 220, true)]
    [InlineData(400, 220, false)]
    public void Prefix_finds_keys_of_any_length(int prefixBytes, int keyBytes, bool isPurged)
    {
        string key = "/" + new string('k', keyBytes - 1);
        _index.Publish(NewGeneration(key));
        _index.Publish(NewGeneration("/other" + key));

        Add(Purge.OfPrefix(Encoding.Latin1.GetBytes("/" + new string('k', prefixBytes - 1)), isSoft: false, s_now));

        Assert.Equal(isPurged, Find(key) is null);
        Assert.NotNull(Find("/other" + key));
    }

    [Fact]
    public void Key_fields_are_no_part_of_what_a_prefix_is_compared_with()
    {
        string key = "/a " + new string('0', KeyFields.SuffixBytes - 1);
        _index.Publish(NewGeneration(key));
        Add(Purge.OfPrefix("/a"u8, isSoft: false, s_now));
        Assert.Null(Find(key));
    }

    [Fact]
    public void All_is_for_everything_that_was_there_and_for_nothing_that_comes()
    {
        _index.Publish(NewGeneration("/a"));
        _index.Publish(NewGeneration("/b"));

        Add(Purge.OfAll(isSoft: false, s_now));
        var after = NewGeneration("/b");
        _index.Publish(after, _index.MarkOf("/b"u8));

        Assert.Null(Find("/a"));
        Assert.Same(after, Find("/b"));
    }

    [Fact]
    public void Tag_is_for_the_objects_that_have_it_in_whatever_variant()
    {
        _index.Publish(NewGeneration("/a", tags: "one,two"));
        _index.Publish(NewGeneration("/b", tags: "three"));
        _index.Publish(NewGeneration("/c"));

        Add(Purge.OfTags(CacheTags.HashesOf("two,four"u8), isSoft: false, s_now));

        Assert.Null(Find("/a"));
        Assert.NotNull(Find("/b"));
        Assert.NotNull(Find("/c"));
    }

    [Fact]
    [Trait("Behaviour", "B52")]
    public void What_was_asked_for_before_a_purge_is_not_kept_when_it_comes_after()
    {
        var asked = _index.MarkOf("/a/x"u8);
        Add(Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        var late = NewGeneration("/a/x");
        var other = NewGeneration("/b");

        _index.Publish(late, asked);
        _index.Publish(other, asked);

        Assert.True(late.IsRetired);
        Assert.Null(Find("/a/x"));
        Assert.Same(other, Find("/b"));
    }

    // What is in place was asked for before the purge, too: nobody knows which of the two is newer.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B52")]
    public void What_was_asked_for_before_a_soft_purge_takes_the_place_of_what_was_asked_for_before_it(bool isOfMany)
    {
        _index.Publish(NewGeneration("/a"), _index.MarkOf("/a"u8));
        var asked = _index.MarkOf("/a"u8);
        PurgeSoftly(isOfMany);

        var late = NewGeneration("/a");
        _index.Publish(late, asked);

        Assert.Same(late, Find("/a"));
        Assert.True(late.Response.IsPurged);
    }

    // Also where a second purge has made that stale: as the newer of the two it is still the one to be validated.
    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, false, true)]
    [InlineData(false, true, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, false)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    [Trait("Behaviour", "B52")]
    public void What_was_asked_for_before_a_soft_purge_does_not_take_the_place_of_what_was_asked_for_later(
        bool isOfMany, bool isValidated, bool isPurgedAgain)
    {
        var inPlace = NewGeneration("/a");
        var asked = _index.MarkOf("/a"u8);
        if (isValidated)
        {
            _index.Publish(inPlace, asked);
        }

        PurgeSoftly(isOfMany);
        var later = _index.MarkOf("/a"u8);
        if (isValidated)
        {
            _index.Freshen(inPlace, inPlace.Response, later);
        }
        else
        {
            _index.Publish(inPlace, later);
        }

        if (isPurgedAgain)
        {
            PurgeSoftly(isOfMany);
        }

        var late = NewGeneration("/a");
        _index.Publish(late, asked);

        Assert.Same(inPlace, Find("/a"));
        Assert.True(late.IsRetired);
    }

    // Another instance has told that the version is the one that there is now. An answer of before would take the place of it with an older
    // one, and tell all others so.
    [Fact]
    [Trait("Behaviour", "B52")]
    public void What_is_known_to_be_good_does_not_give_way_to_what_was_asked_for_before_the_news()
    {
        var asked = _index.MarkOf("/a"u8);
        var good = NewGeneration("/a");
        _index.Publish(good, asked);
        _index.LeaveVersion("/a"u8, s_now, static _ => false, generation => generation == good);

        var late = NewGeneration("/a");
        _index.Publish(late, asked);

        Assert.Same(good, Find("/a"));
        Assert.Equal((true, false), (late.IsRetired, good.Response.IsPurged));
    }

    private void PurgeSoftly(bool isOfMany)
    {
        if (isOfMany)
        {
            Add(Purge.OfAll(isSoft: true, s_now));
        }
        else
        {
            _index.Expire("/a"u8, s_now);
        }
    }

    // The sweeper has passed already; who publishes must look for himself.
    [Fact]
    [Trait("Behaviour", "B52")]
    public void What_was_asked_for_before_a_purge_is_not_kept_when_the_sweep_is_over()
    {
        var asked = _index.MarkOf("/a"u8);
        var purge = Add(Purge.OfTags(CacheTags.HashesOf("one"u8), isSoft: false, s_now));
        _index.Purges.MarkSwept(purge.Number);

        var late = NewGeneration("/a", tags: "one");
        _index.Publish(late, asked);

        Assert.True(late.IsRetired);
        Assert.Equal(0, _index.Count);
    }

    [Fact]
    public void What_was_asked_for_before_purges_that_are_forgotten_is_not_kept()
    {
        var asked = _index.MarkOf("/a"u8);
        for (int number = 0; number <= PurgesInForce.MaxPurges; number++)
        {
            _index.Purges.MarkSwept(Add(Purge.OfPrefix("/b"u8, isSoft: false, s_now)).Number);
        }

        var late = NewGeneration("/a");
        _index.Publish(late, asked);

        Assert.True(late.IsRetired);
    }

    [Fact]
    public void Purges_that_no_object_was_held_against_are_never_forgotten()
    {
        for (int number = 0; number < PurgesInForce.MaxPurges; number++)
        {
            Add(Purge.OfPrefix("/b"u8, isSoft: false, s_now));
        }

        var refused = Purge.OfAll(isSoft: false, s_now);
        Assert.False(_index.Purges.TryAdd(refused));
        Assert.Equal(PurgesInForce.MaxPurges, _index.Purges.Latest);

        _index.Purges.MarkSwept(1);
        Assert.True(_index.Purges.TryAdd(refused));
    }

    [Fact]
    public async Task Sweep_counts_what_is_purged_and_frees_its_bytes()
    {
        using var sweeper = new PurgeSweeper(_index);
        for (int number = 0; number < 3000; number++)
        {
            _index.Publish(NewGeneration($"/{(number % 3 == 0 ? 'a' : 'b')}/{number}"));
        }

        var filled = NewGeneration("/a/filled");
        _index.Publish(filled);
        await StoredObjects.AddAsync(_store, filled, sliceIndex: 0);
        await StoredObjects.AddAsync(_store, filled, sliceIndex: 2);

        var purge = Add(Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        await Deadline.WithinAsync(purge.Swept, "all objects are looked at");

        Assert.Equal((1001, 2), (purge.Objects, purge.Slices));
        Assert.Equal(2000, _index.Count);
        Assert.Equal(0, _store.UsedBytes);
    }

    [Fact]
    public async Task Object_that_a_request_finds_purged_is_counted_once()
    {
        _index.Publish(NewGeneration("/a"));
        var purge = Add(Purge.OfAll(isSoft: false, s_now));
        Assert.Null(Find("/a"));

        using var sweeper = new PurgeSweeper(_index);
        Add(Purge.OfPrefix("/nothing"u8, isSoft: false, s_now));
        await Deadline.WithinAsync(purge.Swept, "all objects are looked at");

        Assert.Equal(1, purge.Objects);
    }

    [Fact]
    public async Task Fault_of_the_sweep_is_told_and_ends_neither_the_thread_nor_the_purge()
    {
        var faults = new List<Exception>();
        using var sweeper = new PurgeSweeper(_index) { Faulted = faults.Add };
        var journal = new FaultyJournal();
        _index.Purges.Journal = journal;
        _index.Publish(NewGeneration("/a"));

        Add(Purge.OfPrefix("/a"u8, isSoft: false, s_now));
        await Eventually.TrueAsync(() => faults.Count == 1, "the fault is told");
        Assert.Null(Find("/a"));

        journal.IsRepaired = true;
        var next = Add(Purge.OfPrefix("/b"u8, isSoft: false, s_now));
        await Deadline.WithinAsync(next.Swept, "the next sweep");
    }

    [Fact]
    public void Soft_purge_makes_stale_and_keeps()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);

        Add(Purge.OfPrefix("/a"u8, isSoft: true, s_now));

        Assert.Same(generation, Find("/a"));
        Assert.False(generation.IsRetired);
        Assert.True(generation.Response.IsPurged);
        Assert.False(generation.Response.Freshness.IsFreshAt(s_now));
        Assert.Equal(new ReuseVerdict(Reuse.AfterValidation, CacheDetail.Purged), Decide(generation));
    }

    [Fact]
    public void Validation_after_a_soft_purge_makes_fresh()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);
        Add(Purge.OfAll(isSoft: true, s_now));
        Assert.NotNull(Find("/a"));

        _index.Freshen(generation, StoredObjects.Response(generation.CompleteLength), _index.MarkOf("/a"u8));

        Assert.Equal(Reuse.Fresh, Decide(Find("/a")!).Reuse);
    }

    [Fact]
    [Trait("Behaviour", "B52")]
    public void Validation_that_was_asked_for_before_a_soft_purge_does_not_make_fresh()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);
        var asked = _index.MarkOf("/a"u8);
        Add(Purge.OfAll(isSoft: true, s_now));
        Assert.True(Find("/a")!.Response.IsPurged);

        _index.Freshen(generation, StoredObjects.Response(generation.CompleteLength), asked);

        Assert.Equal(Reuse.AfterValidation, Decide(Find("/a")!).Reuse);
    }

    [Fact]
    [Trait("Behaviour", "B52")]
    public void Validation_that_was_asked_for_before_a_purge_of_a_tag_that_it_brings_is_the_end()
    {
        var generation = NewGeneration("/a", tags: "one");
        _index.Publish(generation);
        var asked = _index.MarkOf("/a"u8);
        Add(Purge.OfTags(CacheTags.HashesOf("two"u8), isSoft: false, s_now));
        Assert.NotNull(Find("/a"));

        _index.Freshen(generation, NewGeneration("/b", tags: "two").Response, asked);

        Assert.Null(Find("/a"));
    }

    [Fact]
    public void Validation_that_was_asked_for_before_a_soft_purge_of_the_url_does_not_make_fresh()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);
        var asked = _index.MarkOf("/a"u8);

        Assert.Equal(0, _index.Expire("/a"u8, s_now));
        Assert.Equal(-1, _index.Expire("/b"u8, s_now));
        _index.Freshen(generation, StoredObjects.Response(generation.CompleteLength), asked);

        Assert.True(Find("/a")!.Response.IsPurged);
    }

    [Fact]
    public void Answer_that_was_asked_for_before_a_soft_purge_of_the_url_comes_stale()
    {
        var asked = _index.MarkOf("/a"u8);
        _index.Expire("/a"u8, s_now);

        _index.Publish(NewGeneration("/a"), asked);

        Assert.True(Find("/a")!.Response.IsPurged);
    }

    // Nobody has looked for the object between the purge and the end of its second, but those who read it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_comes_after_the_second_of_an_object_is_purged_with_it(bool isSoft)
    {
        var doubtful = NewGeneration("/a");
        _index.Publish(doubtful);
        Assert.True(doubtful.TryAddReader());
        Add(Purge.OfAll(isSoft, s_now));

        var after = _index.AfterItsSecond(doubtful, ValidatorStrength.Strict)!;

        Assert.Equal((!isSoft, isSoft), (after.IsRetired, after.Response.IsPurged));
        doubtful.RemoveReader();
    }

    // Each round the one or the other comes first.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Object_that_is_purged_softly_while_its_second_ends_is_stale(bool isOfMany)
    {
        for (int round = 0; round < 300; round++)
        {
            var doubtful = NewGeneration("/a");
            _index.Publish(doubtful);
            Assert.True(doubtful.TryAddReader());
            var ending = Task.Run(() => _index.AfterItsSecond(doubtful, ValidatorStrength.Strict), TestContext.Current.CancellationToken);
            if (!isOfMany)
            {
                _index.Expire("/a"u8, s_now);
            }
            else if (!_index.Purges.TryAdd(Purge.OfAll(isSoft: true, s_now)))
            {
                _index.Purges.MarkSwept(_index.Purges.Latest);
                Add(Purge.OfAll(isSoft: true, s_now));
            }

            await Deadline.WithinAsync(ending, "the end of the second");
            Assert.True(Find("/a")!.Response.IsPurged);
            doubtful.RemoveReader();
        }
    }

    [Fact]
    public void Hard_purge_wins_over_a_soft_one_before_it()
    {
        _index.Publish(NewGeneration("/a"));
        var soft = Add(Purge.OfAll(isSoft: true, s_now));
        var hard = Add(Purge.OfAll(isSoft: false, s_now));

        Assert.Null(Find("/a"));
        Assert.Equal((0, 1), (soft.Objects, hard.Objects));
    }

    [Fact]
    public void Purge_of_a_url_counts_nothing_that_was_purged_with_others()
    {
        _index.Publish(NewGeneration("/a"));
        Add(Purge.OfAll(isSoft: false, s_now));
        Assert.Equal(-1, _index.Remove("/a"u8));
        Assert.Equal(-1, _index.Expire("/a"u8, s_now));
    }

    [Theory]
    [InlineData("/a/x", true)]
    [InlineData("/b", false)]
    public void Who_asks_after_a_prefix_does_not_follow_who_asked_before(string key, bool isOutdated)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(key);
        var before = _index.MarkOf(bytes);
        Add(Purge.OfPrefix("/a/"u8, isSoft: false, s_now));
        var after = _index.MarkOf(bytes);

        Assert.Equal(isOutdated, _index.IsOutdated(bytes, before, after));
        Assert.False(_index.IsOutdated(bytes, after, before));
        Assert.False(_index.IsOutdated(bytes, after, after));
    }

    [Fact]
    [Trait("Behaviour", "B52")]
    public void Who_asks_after_a_purge_of_the_url_does_not_follow_who_asked_before()
    {
        var before = _index.MarkOf("/a"u8);
        _index.Remove("/a"u8);
        var between = _index.MarkOf("/a"u8);
        _index.Expire("/a"u8, s_now);
        var after = _index.MarkOf("/a"u8);

        Assert.True(_index.IsOutdated("/a"u8, before, between));
        Assert.True(_index.IsOutdated("/a"u8, between, after));
        Assert.False(_index.IsOutdated("/a"u8, after, before));
    }

    // Publishers, readers and purges at once. What was asked for before a purge is never found after it.
    [Fact]
    [Trait("Behaviour", "B52")]
    public async Task Nothing_that_was_asked_for_before_a_purge_is_found_after_it()
    {
        using var sweeper = new PurgeSweeper(_index);
        using var enough = new CancellationTokenSource();
        int wrong = 0;
        var publishers = Enumerable.Range(0, 2).Select(worker => Task.Run(() =>
        {
            for (int number = 0; !enough.IsCancellationRequested; number++)
            {
                string key = $"/a/{worker}{number % 7}";
                var asked = _index.MarkOf(Encoding.Latin1.GetBytes(key));
                _index.Publish(NewGeneration(key), asked);
            }
        })).ToArray();

        for (int round = 0; round < 300; round++)
        {
            var purge = round % 2 == 0 ? Purge.OfAll(isSoft: false, s_now) : Purge.OfPrefix("/a/"u8, isSoft: false, s_now);
            while (!_index.Purges.TryAdd(purge))
            {
                await Deadline.WithinAsync(_index.Purges.Oldest!.Swept, "room for a purge");
            }

            for (int key = 0; key < 7; key++)
            {
                wrong += Find($"/a/0{key}") is { } found && found.PurgesSeen < purge.Number ? 1 : 0;
            }
        }

        await enough.CancelAsync();
        await Deadline.WithinAsync(Task.WhenAll(publishers), "the publishers end");
        Assert.Equal(0, wrong);
        var last = Add(Purge.OfAll(isSoft: false, s_now));
        await Deadline.WithinAsync(last.Swept, "all objects are looked at");
        Assert.Equal(0, _index.Count);
    }

    private static ReuseVerdict Decide(Generation generation) => ReuseDecision.Decide(generation.Response, default, s_now);

    private Purge Add(Purge purge)
    {
        Assert.True(_index.Purges.TryAdd(purge));
        return purge;
    }

    private Generation NewGeneration(string key, string? tags = null) =>
        new(StoredObjects.Key(key), StoredObjects.Response(4 * SliceBytes, tags: tags), new SliceGrid(SliceBytes), isShared: true, _store);

    private Generation? Find(string key) =>
        _index.TryGet(StoredObjects.Key(key).Bytes, new FieldTable(), out var generation) ? generation : null;

    private sealed class FaultyJournal : IPurgeJournal
    {
        public volatile bool IsRepaired;

        public void Purged(Purge purge)
        {
        }

        public void Swept(long number)
        {
            if (!IsRepaired)
            {
                throw new InvalidOperationException("a fault of ours");
            }
        }
    }
}
