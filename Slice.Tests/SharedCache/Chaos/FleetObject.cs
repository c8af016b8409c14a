using System.Diagnostics;
using System.Globalization;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>
/// An object of the origin with all of its versions, each of them with a length and bytes of its own, and a few that are not there.
/// Thread-safe.
/// </summary>
internal sealed class FleetObject
{
    /// <summary>The size of slices.</summary>
    public const int SliceBytes = 1024;

    private const int MostVersions = 10_000;
    private static readonly DateTimeOffset s_first = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly int _number;
    private readonly int _usualBytes;
    private readonly List<Version> _versions = [new Version(0, 0)];

    /// <summary>The object with this number; sizes go from one byte to 60 slices.</summary>
    public FleetObject(int number)
    {
        _number = number;
        Kind = (FleetObjectKind)(number % 5);
        _usualBytes = (number % 8) switch
        {
            0 => 1,
            1 => 100,
            2 => SliceBytes - 1,
            3 => SliceBytes,
            4 => (3 * SliceBytes) + 17,
            5 => 8 * SliceBytes,
            6 => (20 * SliceBytes) + 1,
            _ => 60 * SliceBytes,
        };
        Path = string.Create(CultureInfo.InvariantCulture, $"/{Folder}/{number}");
        _versions[0] = new Version(_usualBytes, 0);
    }

    /// <summary>What its versions are told apart by.</summary>
    public FleetObjectKind Kind { get; }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>What is before the last part of its path.</summary>
    public string Folder => _number % 3 == 0 ? "a" : "b";

    /// <summary>The tag that it has.</summary>
    public string Tag => _number % 4 == 0 ? "red" : "blue";

    /// <summary>Its current version.</summary>
    public int Latest
    {
        get
        {
            lock (_lock)
            {
                return _versions.Count - 1;
            }
        }
    }

    /// <summary>
    /// Whether instances can share a version: only a head with all of its bytes, where there is nothing else to tell versions apart.
    /// </summary>
    public bool IsShareable => Kind != FleetObjectKind.Nameless || _usualBytes + 16 <= SliceBytes;

    /// <summary>What is asked for in a language: variants change one by one, each when somebody finds it changed.</summary>
    public FleetVariant VariantFor(string language) => new(Path, Kind == FleetObjectKind.Varying ? language : null);

    /// <summary>Puts the next version in its place, of another length or not, or nothing once in a while.</summary>
    public void Change(FuzzRandom random)
    {
        int lengthBytes = random.OneIn(9) && Kind != FleetObjectKind.Nameless ? -1
            : random.OneIn(2) ? _usualBytes
            : _usualBytes + random.Below(16);
        lock (_lock)
        {
            _versions.Add(new Version(lengthBytes, Stopwatch.GetTimestamp()));
        }
    }

    /// <summary>How often it has changed since then.</summary>
    public int ChangesSince(long from)
    {
        lock (_lock)
        {
            return _versions.Count(version => version.Since >= from);
        }
    }

    /// <summary>Bytes of a version; null for one that is not there.</summary>
    public int? LengthOf(int version)
    {
        lock (_lock)
        {
            return _versions[version].LengthBytes is var length and >= 0 ? length : null;
        }
    }

    /// <summary>What the bytes of a version follow from.</summary>
    public int SeedOf(int version, string? language) =>
        (((_number * MostVersions) + version) * 2) + (Kind == FleetObjectKind.Varying && language == "de" ? 1 : 0);

    /// <summary>Answers with the current version.</summary>
    public async Task AnswerAsync(OriginExchange exchange, TimeSpan delay)
    {
        int version = Latest;
        string? language = exchange.Request.Field("Accept-Language");
        string[] fields =
        [
            "Cache-Control: max-age=3600", string.Create(CultureInfo.InvariantCulture, $"X-Version: {version}"), $"Cache-Tag: {Tag}",
            .. Kind == FleetObjectKind.Varying ? ["Vary: Accept-Language"] : Array.Empty<string>(),
        ];
        var fault = new RangeFault { Delay = delay };
        if (LengthOf(version) is not { } lengthBytes)
        {
            await Task.Delay(delay, exchange.Stopped);
            await exchange.SendAsync(
                $"HTTP/1.1 404 Not Found\r\n{string.Concat(fields.Select(field => field + "\r\n"))}Content-Length: 0\r\n\r\n");
            return;
        }

        var file = new RangeFile(lengthBytes, SeedOf(version, language))
        {
            ETag = Kind switch
            {
                FleetObjectKind.Tagged or FleetObjectKind.Whole => string.Create(CultureInfo.InvariantCulture, $"\"{version}\""),
                FleetObjectKind.Varying => string.Create(CultureInfo.InvariantCulture, $"\"{version}-{language}\""),
                _ => null,
            },
            LastModified = Kind is FleetObjectKind.Tagged or FleetObjectKind.Dated ? s_first.AddMinutes(version) : null,
            SupportsRanges = Kind is not (FleetObjectKind.Whole or FleetObjectKind.Nameless),
            ExtraFields = fields,
            Fault = _ => fault,
        };
        await file.AnswerAsync(exchange);
    }

    private readonly record struct Version(int LengthBytes, long Since);
}
