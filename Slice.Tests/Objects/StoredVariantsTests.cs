using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

public sealed class StoredVariantsTests : IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
    private readonly ObjectIndex _index = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    [Trait("Behaviour", "B29")]
    public void Newest_variant_that_matches_is_selected()
    {
        var german = Publish("de");
        var english = Publish("en");
        Assert.Same(german, Find("de"));
        Assert.Same(english, Find("en"));
        Assert.Null(Find("fr"));
        Assert.True(_index.Contains("/file"u8));
        Assert.Equal(1, _index.Count);
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public void Variant_replaces_its_like_and_one_without_Vary_replaces_all()
    {
        var old = Publish("de");
        var english = Publish("en");
        var current = Publish("de");
        Assert.True(old.IsRetired);
        Assert.Same(current, Find("de"));
        Assert.Same(english, Find("en"));

        var forAll = Publish(null);
        Assert.True(current.IsRetired && english.IsRetired);
        Assert.Same(forAll, Find("fr"));
        Assert.Same(Publish("de"), Find("de"));
        Assert.True(forAll.IsRetired);
    }

    [Fact]
    public void Variants_of_one_key_are_bounded()
    {
        var variants = Enumerable.Range(0, 40).Select(number => Publish($"x{number}")).ToArray();
        Assert.Equal(StoredVariants.MaxVariants, variants.Count(variant => !variant.IsRetired));
        Assert.Null(Find("x0"));
        Assert.Same(variants[39], Find("x39"));
    }

    [Fact]
    [Trait("Behaviour", "B53")]
    public void Variant_that_is_used_outlives_a_flood_of_invented_values()
    {
        var used = Publish("de");
        var unused = Publish("en");
        Assert.Same(used, Find("de"));
        for (int number = 0; number < 3 * StoredVariants.MaxVariants; number++)
        {
            Publish($"x{number}");
        }

        Assert.Equal((false, true), (used.IsRetired, unused.IsRetired));
        Assert.Same(used, Find("de"));
        Assert.Null(Find("x64"));
        Assert.NotNull(Find("x65"));
    }

    [Fact]
    public void New_variant_finds_room_when_all_are_used()
    {
        for (int number = 0; number < StoredVariants.MaxVariants; number++)
        {
            Publish($"x{number}");
            Assert.NotNull(Find($"x{number}"));
        }

        var added = Publish("new");
        Assert.Same(added, Find("new"));
        Assert.Null(Find("x0"));
        Assert.NotNull(Find("x1"));
    }

    [Fact]
    public void Removed_variant_leaves_the_others()
    {
        var german = Publish("de");
        var english = Publish("en");
        _index.Remove(german);
        Assert.Null(Find("de"));
        Assert.Same(english, Find("en"));
        _index.Remove(english);
        Assert.Equal(0, _index.Count);
    }

    [Fact]
    [Trait("Behaviour", "B53")]
    public void Variants_of_a_third_Vary_end_those_of_the_oldest()
    {
        var oldest = Publish("X-A", "X-A: 1");
        var older = Publish("X-B", "X-B: 1");
        var alike = Publish("x-b", "X-B: 2");
        Assert.False(oldest.IsRetired);
        var current = Publish("X-B, X-C", "X-C: 1");
        Assert.Equal([true, false, false, false], new[] { oldest, older, alike, current }.Select(generation => generation.IsRetired));
        Assert.Same(current, Find(Heads.Get("X-C: 1")));
        Assert.Same(alike, Find(Heads.Get("X-B: 2")));
        Assert.Null(Find(Heads.Get("X-B: 3")));
    }

    // The worst that the limits of a head allow. Before, each variant read the request anew (84 ms); what counts is that the bound is of
    // the request and of constants, so work is counted and no time.
    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData("a,")]
    [InlineData(",")]
    [InlineData(" ,")]
    [InlineData("zz,y,")]
    [InlineData("x")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaa,")]
    public void Selecting_costs_what_the_request_weighs_however_many_variants_there_are(string piece)
    {
        const int Names = 16;
        string[] names = [.. Enumerable.Range(0, Names).Select(number => $"accept-{number}")];
        string vary = string.Join(',', names);
        string padding = string.Concat(Enumerable.Repeat(piece, 900 / piece.Length));
        string connection = "Connection: " + string.Concat(Enumerable.Repeat("q,", 800));
        var head = Heads.Get([.. names.Select(name => $"{name}: {padding}"), .. Enumerable.Repeat("X-Y: z", 50), connection]);

        Publish(vary, [.. names.Select(name => $"{name}: {padding}"), $"{names[^1]}: 0"]);
        Find(head, out int stepsOfOne);
        for (int number = 1; number < StoredVariants.MaxVariants; number++)
        {
            Publish(vary, [.. names.Select(name => $"{name}: {padding}"), $"{names[^1]}: {number}"]);
        }

        Assert.Null(Find(head, out int steps));
        Assert.InRange(stepsOfOne, Names * head.Fields.LineCount, int.MaxValue);
        Assert.Equal(stepsOfOne, steps);

        // Per name: the lines twice, 2 KiB of the field's, 2 KiB of Connection, and 32 elements compared with those before them.
        Assert.InRange(steps, 0, Names * ((2 * head.Fields.LineCount) + (2 * 2048) + (32 * 32 / 2)));
    }

    private Generation Publish(string vary, params string[] lines)
    {
        var fields = lines.Select(line => line.Split(": ", 2)).Select(parts => new ForwardedField(parts[0], parts[1]));
        Assert.True(SelectingFields.TryRead(vary, [.. fields], passesAcceptEncoding: true, out var selecting));
        return PublishSelected(selecting);
    }

    private Generation Publish(string? language)
    {
        SelectingFields? selecting = null;
        Assert.True(language is null
            || SelectingFields.TryRead(
                "Accept-Language", [new ForwardedField("Accept-Language", language)], passesAcceptEncoding: false, out selecting));
        return PublishSelected(selecting);
    }

    private Generation PublishSelected(SelectingFields? selecting)
    {
        var generation = new Generation(StoredObjects.Key(), StoredObjects.Response(4), new SliceGrid(4), isShared: true, _store)
        {
            Selecting = selecting,
        };
        _index.Publish(generation);
        return generation;
    }

    private Generation? Find(string language) => Find(Heads.Get($"Accept-Language: {language}"));

    private Generation? Find(RequestHead head) => Find(head, out _);

    private Generation? Find(RequestHead head, out int steps) =>
        _index.TryGet("/file"u8, head.Fields, out var found, out steps) ? found : null;
}
