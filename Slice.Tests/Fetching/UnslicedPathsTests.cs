using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>What is remembered of origins whose answers to ranges are of no use, of objects and of directories (B59).</summary>
[Trait("Behaviour", "B59")]
public sealed class UnslicedPathsTests
{
    private readonly ManualTime _time = new();
    private readonly List<(string Path, bool IsDirectory)> _noticed = [];
    private readonly UnslicedPaths _paths;

    public UnslicedPathsTests() =>
        _paths = new UnslicedPaths(_time) { Noticed = (path, isDirectory) => _noticed.Add((path, isDirectory)) };

    [Fact]
    public void Object_is_remembered_for_a_while_and_told_once()
    {
        _paths.Add("/d/a"u8);
        _paths.Add("/d/a"u8);
        _time.Advance(UnslicedPaths.Remembered - TimeSpan.FromSeconds(1));
        Assert.True(_paths.Contains("/d/a"u8));
        Assert.False(_paths.Contains("/d/b"u8));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_paths.Contains("/d/a"u8));

        _paths.Add("/d/a"u8);

        Assert.Equal([("/d/a", false), ("/d/a", false)], _noticed);
    }

    [Fact]
    public void Several_different_objects_make_their_directory_remembered_and_no_other()
    {
        AddObjects("host.example/d/", UnslicedPaths.ObjectsOfDirectory - 1);
        Assert.False(_paths.Contains("host.example/d/other"u8));

        _paths.Add("host.example/d/last"u8);

        Assert.True(_paths.Contains("host.example/d/other?x=/y"u8));
        Assert.False(_paths.Contains("host.example/d/e/other"u8));
        Assert.False(_paths.Contains("host.example/other"u8));
        Assert.False(_paths.Contains("another.example/d/other"u8));
        Assert.Equal(("host.example/d/", true), _noticed[^1]);
        _time.Advance(UnslicedPaths.Remembered);
        Assert.False(_paths.Contains("host.example/d/other"u8));
    }

    [Fact]
    public void Object_that_had_no_answer_is_remembered_and_says_nothing_about_its_directory()
    {
        for (int file = 0; file < 2 * UnslicedPaths.ObjectsOfDirectory; file++)
        {
            _paths.Add(Wire.Bytes($"/d/{file}"), wasAnswered: false);
        }

        // The last one: those before it may have been overwritten.
        Assert.True(_paths.ContainsObject(Wire.Bytes($"/d/{(2 * UnslicedPaths.ObjectsOfDirectory) - 1}")));
        Assert.False(_paths.Contains("/d/other"u8));
    }

    [Fact]
    public void Object_of_a_remembered_directory_is_not_itself_remembered()
    {
        AddObjects("/d/", UnslicedPaths.ObjectsOfDirectory);

        Assert.True(_paths.Contains("/d/other"u8));
        Assert.False(_paths.ContainsObject("/d/other"u8));
    }

    [Fact]
    public void One_path_under_any_number_of_queries_says_nothing_about_its_directory()
    {
        for (int query = 0; query < 100; query++)
        {
            _paths.Add(Wire.Bytes($"/d/script?x={query}&y=/a/"));
        }

        // The last one: those before it may have been overwritten.
        Assert.True(_paths.Contains("/d/script?x=99&y=/a/"u8));
        Assert.False(_paths.Contains("/d/other"u8));
    }

    [Fact]
    public void Object_that_can_be_sliced_is_forgotten_and_its_directory_begins_anew()
    {
        AddObjects("/d/", UnslicedPaths.ObjectsOfDirectory - 1);

        _paths.Remove("/d/0"u8);

        Assert.False(_paths.Contains("/d/0"u8));
        _paths.Add("/d/last"u8);
        Assert.False(_paths.Contains("/d/other"u8));
    }

    [Fact]
    public void Any_number_of_directories_takes_the_same_room_and_none_is_remembered_for_another()
    {
        // Directories with the same hash are one to the guess: such a pair, if there is one under the seed of this process, is left out.
        IEnumerable<string> directories = Enumerable.Range(0, 10_000).Select(static number => $"/{number}/");
        foreach (string directory in directories.DistinctBy(static path => CacheKeyComparer.HashOf(Wire.Bytes(path))))
        {
            AddObjects(directory, UnslicedPaths.ObjectsOfDirectory - 1);
        }

        Assert.DoesNotContain(_noticed, notice => notice.IsDirectory);
    }

    private void AddObjects(string directory, int count)
    {
        for (int number = 0; number < count; number++)
        {
            _paths.Add(Wire.Bytes(directory + number));
        }
    }
}
