using System.Globalization;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Where everything stands in a shared directory. Names are relative to it.
/// </summary>
/// <remarks>
/// <code>
/// pingora-slice.shared            says that the directory is ours, and the version of this layout
/// instances/ID                    what an instance asks the server's clock with; touched while the instance lives
/// janitor.lock, janitor.pass      who cleans up now; what the last one found
/// values/2b/07/KEY~v              a value: a header and its bytes
/// values/2b/07/KEY~k              held for a moment by whoever takes the value's place when its lifetime is over
/// values/2b/07/KEY~n/NUMBER       a counter: an empty file for each number
/// values/2b/07/.NAME.@ID-N        a file that is going to be NAME
/// </code>
/// A key has neither <c>~</c> nor <c>@</c>, so none of its names is another's, nor <c>.</c> or <c>..</c>; the longest is of some 240
/// bytes. GlusterFS places a file by its name, and takes <c>.NAME.SUFFIX</c> for NAME (its rule for rsync): the rename moves nothing.
/// </remarks>
internal static class DirectoryLayout
{
    /// <summary>The longest key.</summary>
    public const int MaxKeyLength = 200;

    /// <summary>The file that says that a directory is ours.</summary>
    public const string Marker = "pingora-slice.shared";

    /// <summary>What stands in it: the version of the layout.</summary>
    public const string MarkerText = "pingora-slice shared cache, layout 1\n";

    /// <summary>The directory of the instances' files.</summary>
    public const string Instances = "instances";

    /// <summary>The directory of all values.</summary>
    public const string Values = "values";

    /// <summary>Held by the instance that cleans up.</summary>
    public const string JanitorLock = "janitor.lock";

    /// <summary>What the last one found.</summary>
    public const string JanitorPass = "janitor.pass";

    /// <summary>
    /// Directories on each of the two levels: 4,096 in all, so that ten million values are 2,400 in each and a pass of the janitor
    /// lists no more than these.
    /// </summary>
    public const int FanOut = 64;

    private const string ValueSuffix = "~v";
    private const string LockSuffix = "~k";
    private const string CounterSuffix = "~n";
    private const string TemporaryMark = ".@";

    private static readonly string[] s_levels =
        [.. Enumerable.Range(0, FanOut).Select(level => level.ToString("x2", CultureInfo.InvariantCulture))];

    /// <summary>One of the directories of the first level.</summary>
    /// <param name="first">0 to <see cref="FanOut"/> less one.</param>
    public static string DirectoryAt(int first) => $"{Values}/{s_levels[first]}";

    /// <summary>The file of a value.</summary>
    public static string ValueOf(string key) => PathOf(key, ValueSuffix);

    /// <summary>What is held while a value whose lifetime is over is replaced.</summary>
    public static string LockOf(string key) => PathOf(key, LockSuffix);

    /// <summary>The directory of a counter.</summary>
    public static string CounterOf(string key) => PathOf(key, CounterSuffix);

    /// <summary>A number of a counter.</summary>
    public static string NumberOf(string counter, long number) => $"{counter}/{number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>A name that is nobody else's, beside the one that the file is going to have.</summary>
    /// <param name="name">The name to be.</param>
    /// <param name="instance">Whose it is.</param>
    /// <param name="number">One of its own for each.</param>
    public static string TemporaryFor(string name, string instance, long number)
    {
        int slash = name.LastIndexOf('/') + 1;
        return string.Create(
            CultureInfo.InvariantCulture, $"{name.AsSpan(0, slash)}.{name.AsSpan(slash)}{TemporaryMark}{instance}-{number}");
    }

    /// <summary>The directory that a name is in.</summary>
    public static string ParentOf(string name) => name[..Math.Max(0, name.LastIndexOf('/'))];

    /// <summary>What a name in a directory of values is of.</summary>
    /// <param name="name">The name, without its directory.</param>
    /// <param name="key">The key of a value, lock or counter; empty otherwise.</param>
    public static EntryKind KindOf(string name, out string key)
    {
        key = "";
        if (name[0] == '.' && name.Contains(TemporaryMark, StringComparison.Ordinal))
        {
            return EntryKind.Temporary;
        }

        var kind = name[Math.Max(0, name.Length - ValueSuffix.Length)..] switch
        {
            ValueSuffix => EntryKind.Value,
            LockSuffix => EntryKind.Lock,
            CounterSuffix => EntryKind.Counter,
            _ => EntryKind.Foreign,
        };
        if (kind == EntryKind.Foreign || name.Length - ValueSuffix.Length is < 1 or > MaxKeyLength)
        {
            return EntryKind.Foreign;
        }

        key = name[..^ValueSuffix.Length];
        return kind;
    }

    private static string PathOf(string key, string suffix)
    {
        ulong hash = ValueHeader.HashOf(key);
        return $"{Values}/{s_levels[hash % FanOut]}/{s_levels[hash / FanOut % FanOut]}/{key}{suffix}";
    }
}
