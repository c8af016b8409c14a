namespace Slice.Core.Options;

/// <summary>Makes the rows of <see cref="OptionTable"/>: one method for each kind of value. Pure.</summary>
internal static class OptionKeys
{
    /// <summary>Milliseconds of a day.</summary>
    public const long DayMs = 86_400_000;

    /// <summary>Bytes of a KiB.</summary>
    public const long KiB = 1L << 10;

    /// <summary>Bytes of a MiB.</summary>
    public const long MiB = 1L << 20;

    /// <summary>Bytes of a TiB.</summary>
    public const long TiB = 1L << 40;

    /// <summary>A whole number of things.</summary>
    public static OptionKey Count(
        string group, string name, long minimum, long maximum, string summary, Func<SliceOptions, long> read,
        Func<SliceOptions, long, SliceOptions> with) =>
        new(group, name, OptionKind.Count, summary, o => read(o), (o, v) => with(o, (long)v!)) { Minimum = minimum, Maximum = maximum };

    /// <summary>Bytes, with or without a unit.</summary>
    public static OptionKey Size(
        string group, string name, long minimum, long maximum, string summary, Func<SliceOptions, long> read,
        Func<SliceOptions, long, SliceOptions> with) =>
        new(group, name, OptionKind.Size, summary, o => read(o), (o, v) => with(o, (long)v!)) { Minimum = minimum, Maximum = maximum };

    /// <summary>A span of time; the range is in milliseconds.</summary>
    public static OptionKey Duration(
        string group,
        string name,
        long minimumMs,
        long maximumMs,
        string summary,
        Func<SliceOptions, TimeSpan> read,
        Func<SliceOptions, TimeSpan, SliceOptions> with) =>
        new(group, name, OptionKind.Duration, summary, o => read(o), (o, v) => with(o, (TimeSpan)v!))
        {
            Minimum = minimumMs,
            Maximum = maximumMs,
        };

    /// <summary>A span of time, or null when not set; the range is in milliseconds.</summary>
    public static OptionKey OptionalDuration(
        string group,
        string name,
        long minimumMs,
        long maximumMs,
        string summary,
        Func<SliceOptions, TimeSpan?> read,
        Func<SliceOptions, TimeSpan?, SliceOptions> with) =>
        new(group, name, OptionKind.Duration, summary, o => read(o), (o, v) => with(o, (TimeSpan?)v))
        {
            Minimum = minimumMs,
            Maximum = maximumMs,
            IsOptional = true,
        };

    /// <summary>A key of <c>timeouts</c>: 1 ms to a day.</summary>
    public static OptionKey Deadline(
        string localName, string summary, Func<TimeoutOptions, TimeSpan> read, Func<TimeoutOptions, TimeSpan, TimeoutOptions> with) =>
        Duration(
            "Timeouts",
            $"timeouts.{localName}",
            1,
            DayMs,
            summary,
            o => read(o.Timeouts),
            (o, v) => o with { Timeouts = with(o.Timeouts, v) });

    /// <summary>True or false.</summary>
    public static OptionKey Flag(
        string group, string name, string summary, Func<SliceOptions, bool> read, Func<SliceOptions, bool, SliceOptions> with) =>
        new(group, name, OptionKind.Flag, summary, o => read(o), (o, v) => with(o, (bool)v!));

    /// <summary>True or false, or null when not set.</summary>
    public static OptionKey OptionalFlag(
        string group, string name, string summary, Func<SliceOptions, bool?> read, Func<SliceOptions, bool?, SliceOptions> with) =>
        new(group, name, OptionKind.Flag, summary, o => read(o), (o, v) => with(o, (bool?)v)) { IsOptional = true };

    /// <summary>A text of some kind.</summary>
    public static OptionKey Text(
        string group, string name, OptionKind kind, string summary, Func<SliceOptions, string> read,
        Func<SliceOptions, string, SliceOptions> with) =>
        new(group, name, kind, summary, read, (o, v) => with(o, (string)v!));

    /// <summary>A text of some kind, or null when not set.</summary>
    public static OptionKey OptionalText(
        string group, string name, OptionKind kind, string summary, Func<SliceOptions, string?> read,
        Func<SliceOptions, string?, SliceOptions> with) =>
        new(group, name, kind, summary, read, (o, v) => with(o, (string?)v)) { IsOptional = true };

    /// <summary>A secret of some length, or null when not set.</summary>
    public static OptionKey Secret(
        string group, string name, int minimumLength, string summary, Func<SliceOptions, string?> read,
        Func<SliceOptions, string?, SliceOptions> with) =>
        new(group, name, OptionKind.Secret, summary, read, (o, v) => with(o, (string?)v)) { IsOptional = true, Minimum = minimumLength };

    /// <summary>Regular expressions on the path.</summary>
    public static OptionKey Patterns(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<string>> read,
        Func<SliceOptions, IReadOnlyList<string>, SliceOptions> with) =>
        new(group, name, OptionKind.Patterns, summary, read, (o, v) => with(o, (IReadOnlyList<string>)v!));

    /// <summary>Names of query arguments.</summary>
    public static OptionKey Arguments(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<string>> read,
        Func<SliceOptions, IReadOnlyList<string>, SliceOptions> with) =>
        new(group, name, OptionKind.Arguments, summary, read, (o, v) => with(o, (IReadOnlyList<string>)v!));

    /// <summary>Names of request fields.</summary>
    public static OptionKey FieldNames(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<string>> read,
        Func<SliceOptions, IReadOnlyList<string>, SliceOptions> with) =>
        new(group, name, OptionKind.FieldNames, summary, read, (o, v) => with(o, (IReadOnlyList<string>)v!));

    /// <summary>Addresses and networks.</summary>
    public static OptionKey Networks(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<string>> read,
        Func<SliceOptions, IReadOnlyList<string>, SliceOptions> with) =>
        new(group, name, OptionKind.Networks, summary, read, (o, v) => with(o, (IReadOnlyList<string>)v!));

    /// <summary>Hosts.</summary>
    public static OptionKey Hosts(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<string>> read,
        Func<SliceOptions, IReadOnlyList<string>, SliceOptions> with) =>
        new(group, name, OptionKind.Hosts, summary, read, (o, v) => with(o, (IReadOnlyList<string>)v!));

    /// <summary>Servers, none or several.</summary>
    public static OptionKey Servers(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<string>> read,
        Func<SliceOptions, IReadOnlyList<string>, SliceOptions> with) =>
        new(group, name, OptionKind.Servers, summary, read, (o, v) => with(o, (IReadOnlyList<string>)v!));

    /// <summary>One word of several, which stand in the order of the enum's members.</summary>
    public static OptionKey Choice(
        string group, string name, string[] choices, string summary, Func<SliceOptions, int> read,
        Func<SliceOptions, int, SliceOptions> with) =>
        new(
            group,
            name,
            OptionKind.Choice,
            summary,
            o => choices[read(o)],
            (o, v) => with(o, Array.IndexOf(choices, (string)v!))) { Choices = choices };

    /// <summary>Addresses of the origin. No address at all is a key that is not set.</summary>
    public static OptionKey Addresses(
        string group, string name, string summary, Func<SliceOptions, IReadOnlyList<Uri>> read,
        Func<SliceOptions, IReadOnlyList<Uri>, SliceOptions> with) =>
        new(
            group,
            name,
            OptionKind.OriginAddresses,
            summary,
            o => read(o) is { Count: > 0 } set ? set : null,
            (o, v) => with(o, (IReadOnlyList<Uri>)v!));
}
