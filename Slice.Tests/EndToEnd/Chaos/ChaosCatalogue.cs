using System.Collections.Concurrent;
using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>
/// What the origin has. Content follows from path, version, language and user, so that origin and clients agree on every byte.
/// </summary>
internal sealed class ChaosCatalogue
{
    /// <summary>How many there are of each kind.</summary>
    public const int PerKind = 3;

    /// <summary>How many users there are.</summary>
    public const int Users = 4;

    /// <summary>Slices of the product: the smallest that a configuration file allows.</summary>
    public const int SliceBytes = 64 << 10;

    private readonly ConcurrentDictionary<string, ChaosObject> _objects = new();
    private readonly ConcurrentDictionary<string, RangeFile> _single = new();
    private readonly Func<OriginExchange, RangeFault?> _fault;

    /// <summary>A catalogue whose files answer with what <paramref name="fault"/> adds, and cut where it says.</summary>
    public ChaosCatalogue(Func<OriginExchange, RangeFault?> fault)
    {
        _fault = fault;
        for (int number = 0; number < PerKind; number++)
        {
            Add($"/files/plain/{number}", 150_000, "max-age=86400");
            Add($"/files/changing/{number}", 200_000, "max-age=1");
            Add($"/files/validated/{number}", 140_000, "no-cache");
            Add($"/files/moved/{number}", 90_000, "max-age=86400");
            Add($"/files/cutting/{number}", 180_000, "no-store");
            Add($"/files/weak/{number}", 40_000, "max-age=1", hasWeakTag: true);
        }

        Changing = [.. _objects.Values.Where(file => file.Path.Split('/')[2] is "changing" or "validated" or "weak")];
    }

    /// <summary>Those that change by themselves.</summary>
    public IReadOnlyList<ChaosObject> Changing { get; }

    /// <summary>The object at a path; null when there is none.</summary>
    public ChaosObject? Find(string path) => _objects.GetValueOrDefault(path);

    /// <summary>An object that has one version and is asked for by few: a part of a name that is used once, a language, a user.</summary>
    public RangeFile Single(string path, string of, params string[] fields) => _single.GetOrAdd($"{path} {of}", name =>
        new RangeFile(70_000 + Math.Abs(Seed(name) % 30_000), Seed(name))
        {
            ETag = $"\"{path[1..].Replace('/', '-')}-{of}\"",
            ExtraFields = fields,
            Fault = _fault,
        });

    /// <summary>The file that belongs to one user.</summary>
    public RangeFile Personal(string path, string user) => Single(path, user, "Cache-Control: max-age=60", "X-User: " + user);

    /// <summary>The file in one language.</summary>
    public RangeFile InLanguage(string path, string language) => Single(
        path, language.StartsWith("de", StringComparison.Ordinal) ? "de" : "en", "Cache-Control: max-age=86400", "Vary: Accept-Language");

    /// <summary>The file that is asked for once or twice.</summary>
    public RangeFile Once(string path) => Single(path, "once", "Cache-Control: max-age=86400");

    // FNV-1a: the same in every process.
    private static int Seed(string name) => (int)(name.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u) >> 1);

    private void Add(string path, int lengthBytes, string cacheControl, bool hasWeakTag = false) =>
        _objects[path] = new ChaosObject(path, version => new RangeFile(
            hasWeakTag ? lengthBytes : lengthBytes + (version % 7 * 1000),
            Seed(string.Create(CultureInfo.InvariantCulture, $"{path} {version}")))
        {
            ETag = hasWeakTag ? "W/\"same\"" : $"\"{path[1..].Replace('/', '-')}-v{version}\"",
            LastModified = hasWeakTag ? null : new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(version),
            HonoursPreconditions = !hasWeakTag,
            ExtraFields = ["Cache-Control: " + cacheControl],
            Fault = _fault,
        });
}
