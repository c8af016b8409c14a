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

    private Generation Publish(string? language)
    {
        SelectingFields? selecting = null;
        Assert.True(language is null
            || SelectingFields.TryRead(
                "Accept-Language", [new ForwardedField("Accept-Language", language)], passesAcceptEncoding: false, out selecting));
        var generation = new Generation(StoredObjects.Key(), StoredObjects.Response(4), new SliceGrid(4), isShared: true, _store)
        {
            Selecting = selecting,
        };
        _index.Publish(generation);
        return generation;
    }

    private Generation? Find(string language) =>
        _index.TryGet("/file"u8, Heads.Get($"Accept-Language: {language}").Fields, out var found) ? found : null;
}
