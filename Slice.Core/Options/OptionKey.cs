using System.Buffers;
using System.Globalization;
using System.Net;
using Slice.Core.Http;

namespace Slice.Core.Options;

/// <summary>
/// One key of the configuration: all that the reader, the validator, <c>--check-config</c> and the documentation know about it.
/// Immutable. The keys are in <see cref="OptionTable"/>.
/// </summary>
public sealed class OptionKey
{
    /// <summary>
    /// What is shown in place of a secret. It is refused as a secret, so that a printed configuration cannot be put to work by mistake.
    /// </summary>
    public const string Redacted = "(redacted)";

    private const int LongestUrlPath = 256; // Arbitrary; health checkers send a few bytes.

    private const int LongestKeyPrefix = 64; // Arbitrary; it stands in each key, and Memcached takes keys of 250 bytes.

    private static readonly SearchValues<char> s_keyPrefixCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    private readonly Func<SliceOptions, object?> _read;
    private readonly Func<SliceOptions, object?, SliceOptions> _with;

    internal OptionKey(
        string group,
        string name,
        OptionKind kind,
        string summary,
        Func<SliceOptions, object?> read,
        Func<SliceOptions, object?, SliceOptions> with)
    {
        Group = group;
        Name = name;
        Kind = kind;
        Summary = summary;
        _read = read;
        _with = with;
    }

    /// <summary>The heading the key stands under in the documentation.</summary>
    public string Group { get; }

    /// <summary>The key with its section, <c>timeouts.connect</c>, or alone at the top, <c>slice_size</c>.</summary>
    public string Name { get; }

    /// <summary>The section, <c>timeouts</c>, or a section of a section, <c>limits.per_client</c>; empty at the top.</summary>
    public string Section => OptionTable.ParentOf(Name);

    /// <summary>The key inside its section, <c>connect</c>.</summary>
    public string LocalName => OptionTable.LocalNameOf(Name);

    /// <summary>What the value is.</summary>
    public OptionKind Kind { get; }

    /// <summary>What the key does, in one sentence.</summary>
    public string Summary { get; }

    /// <summary>Least value of a count, of a size in bytes, or of a duration in milliseconds; least length of a secret.</summary>
    public long Minimum { get; internal init; }

    /// <summary>Greatest value, in the unit of <see cref="Minimum"/>.</summary>
    public long Maximum { get; internal init; }

    /// <summary>The words one of which the value is; empty for other kinds.</summary>
    public IReadOnlyList<string> Choices { get; internal init; } = [];

    /// <summary>Whether the key may be without a value, and is so by default.</summary>
    public bool IsOptional { get; internal init; }

    /// <summary>What a reload does with the key.</summary>
    public OptionReload Reload { get; private set; }

    /// <summary>Whether the value is an <see cref="IReadOnlyList{T}"/> of <see cref="string"/>.</summary>
    internal bool IsListOfTexts => Kind is OptionKind.Patterns or OptionKind.Arguments or OptionKind.FieldNames or OptionKind.Networks
        or OptionKind.Hosts or OptionKind.Servers;

    /// <summary>Whether the value must never be shown.</summary>
    public bool IsSecret => Kind == OptionKind.Secret;

    /// <summary>What may stand here, in words.</summary>
    public string Allowed => Kind switch
    {
        OptionKind.Count or OptionKind.Size or OptionKind.Duration => RangeText(Minimum),
        OptionKind.Flag => "true or false",
        OptionKind.Patterns or OptionKind.Arguments or OptionKind.FieldNames or OptionKind.Networks or OptionKind.Hosts =>
            $"a list, each entry {ItemSyntax}",
        OptionKind.Servers => $"{ServerAddress.Syntax}; one, or a list of at most {ServerAddress.MaxCount}",
        OptionKind.CacheRules => $"a list of at most {CacheRule.MaxCount}, each entry {CacheRule.Syntax}",
        OptionKind.Choice => $"{string.Join(", ", Choices.SkipLast(1))} or {Choices[^1]}",
        OptionKind.ListenAddress => ListenAddress.Syntax,
        OptionKind.OriginAddresses => $"{OriginAddress.Syntax}; one, or a list of at most {OriginAddress.MaxCount}",
        OptionKind.UrlPath => $"a path of visible ASCII that begins with /, without ? and #, at most {LongestUrlPath} characters",
        OptionKind.Directory => "a path; a relative one starts at the working directory",
        OptionKind.File => "a path; a relative one starts at the working directory",
        OptionKind.LogTarget => "a path, journal or stderr; a relative path starts at the working directory",
        OptionKind.LogFormat => AccessLogFormat.Description,
        OptionKind.HostName => "a host name or an IP address, without a port",
        OptionKind.Secret when Minimum > 0 => $"visible ASCII without spaces, at least {FormatBound(Minimum)} characters",
        OptionKind.Secret or OptionKind.Word => "visible ASCII without spaces",
        OptionKind.KeyPrefix => $"1 to {LongestKeyPrefix} of the characters A-Z a-z 0-9 . _ : -",
        _ => LogSeverityText.Syntax,
    };

    /// <summary>What one entry of a list may be, in words.</summary>
    public string ItemSyntax => Kind switch
    {
        OptionKind.Arguments => "the name of an argument as it stands in the query, without & and =; a trailing * stands for any ending",
        OptionKind.FieldNames => "the name of a request field that the client sets, not one of framing, ranges, conditions or caching",
        OptionKind.Networks => "an IP address or a network such as 10.0.0.0/8",
        OptionKind.Hosts => "a host name or an IP address without a port, or *.NAME for every name below it",
        OptionKind.Servers => ServerAddress.Syntax,
        _ => SlicePattern.Syntax,
    };

    /// <summary>The default as text; <c>none</c> when it is optional, <c>required</c> when there is no default.</summary>
    public string DefaultText => Read(new SliceOptions()) switch
    {
        null => IsOptional ? "none" : "required",
        object value => Format(value),
    };

    /// <summary>The value of this key in an effective configuration, typed as <see cref="OptionKind"/> says.</summary>
    public object? Read(SliceOptions options) => _read(options);

    /// <summary>A copy of the configuration with this value.</summary>
    /// <param name="options">The configuration to copy.</param>
    /// <param name="value">Typed as <see cref="OptionKind"/> says, and passed by <see cref="Check(object)"/>.</param>
    public SliceOptions With(SliceOptions options, object? value) => _with(options, value);

    /// <summary>Whether two configurations have different values of this key; lists are compared entry by entry.</summary>
    public bool Differs(SliceOptions first, SliceOptions second) => (Read(first), Read(second)) switch
    {
        (IReadOnlyList<string> entries, IReadOnlyList<string> others) => !entries.SequenceEqual(others),
        (IReadOnlyList<CacheRule> rules, IReadOnlyList<CacheRule> others) => !rules.SequenceEqual(others),
        (IReadOnlyList<Uri> addresses, IReadOnlyList<Uri> others) => !addresses.SequenceEqual(others),
        var (value, other) => !Equals(value, other),
    };

    /// <summary>A value as text. Lists are in YAML's flow form; a secret is <see cref="Redacted"/>.</summary>
    public string Format(object? value) => (Kind, value) switch
    {
        (_, null) => "",
        (OptionKind.Secret, _) => Redacted,
        (OptionKind.Size, long sizeBytes) => ByteSizeText.Format(sizeBytes),
        (OptionKind.Duration, TimeSpan duration) => DurationText.Format(duration),
        (OptionKind.Flag, bool flag) => flag ? "true" : "false",
        (OptionKind.OriginAddresses, IReadOnlyList<Uri> { Count: 1 } addresses) => OriginAddress.Format(addresses[0]),
        (OptionKind.OriginAddresses, IReadOnlyList<Uri> addresses) => $"[{string.Join(", ", addresses.Select(OriginAddress.Format))}]",
        (OptionKind.CacheRules, IReadOnlyList<CacheRule> rules) => $"[{string.Join(", ", rules)}]",
        (OptionKind.LogLevel, LogSeverity severity) => LogSeverityText.Format(severity),
        (OptionKind.Servers, IReadOnlyList<string> { Count: 1 } servers) => servers[0],
        (_, IReadOnlyList<string> entries) => $"[{string.Join(", ", entries)}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Every error of one value, in its own right; what depends on other keys is <see cref="SliceOptionsValidator"/>'s.</summary>
    /// <param name="value">Typed as <see cref="OptionKind"/> says.</param>
    public IEnumerable<OptionError> Check(object? value) => Check(value, Minimum);

    /// <summary>What is wrong with one entry of a list, or null.</summary>
    public string? CheckItem(string entry) => Kind switch
    {
        OptionKind.Arguments => IsVisibleAscii(entry) && entry.Length > 0 && !entry.AsSpan().ContainsAny("&=?#")
            ? null
            : "not the name of an argument",
        OptionKind.FieldNames => SharedRequestFields.CheckAlsoIncluded(entry),
        OptionKind.Networks => IsNetwork(entry) ? null : "not an address or network",
        OptionKind.Hosts => IsHostOrBelow(entry) ? null : "not a host",
        OptionKind.Servers => ServerAddress.Parse(entry, out _),
        _ => SlicePattern.Compile(entry, out _),
    };

    /// <summary>The same key, waiting for a restart.</summary>
    internal OptionKey AtRestart()
    {
        var key = (OptionKey)MemberwiseClone();
        key.Reload = OptionReload.Restart;
        return key;
    }

    internal IEnumerable<OptionError> Check(object? value, long minimum)
    {
        if (value is IReadOnlyList<string> servers && Kind == OptionKind.Servers)
        {
            return ServerAddress.CheckAll(servers).Select(
                problem => new OptionError(Name, problem.Address, problem.Problem, problem.Allowed));
        }

        if (value is IReadOnlyList<string> entries)
        {
            return entries
                .Select(entry => (entry, Problem: CheckItem(entry)))
                .Where(checkedEntry => checkedEntry.Problem is not null)
                .Select(checkedEntry => new OptionError(Name, checkedEntry.entry, checkedEntry.Problem!, ItemSyntax));
        }

        if (value is IReadOnlyList<CacheRule> rules)
        {
            return CheckRules(rules);
        }

        if (value is IReadOnlyList<Uri> addresses)
        {
            return OriginAddress.CheckAll(addresses).Select(
                problem => new OptionError(Name, problem.Address, problem.Problem, problem.Allowed));
        }

        string? problem = value switch
        {
            long number => CheckRange(number, minimum),
            TimeSpan duration => CheckDuration(duration, minimum),
            string text => CheckText(text),
            null when !IsOptional => "required and not set",
            _ => null,
        };
        return problem is null ? [] : [new OptionError(Name, value is null ? "(not set)" : Format(value), problem, AllowedFrom(minimum))];
    }

    private IEnumerable<OptionError> CheckRules(IReadOnlyList<CacheRule> rules) => rules.Count > CacheRule.MaxCount
        ? [new OptionError(Name, string.Create(CultureInfo.InvariantCulture, $"{rules.Count} rules"), "too many", Allowed)]
        : rules.SelectMany(rule => rule.Check(), (_, error) => error with { Key = Name, Value = $"{error.Key}: {error.Value}" });

    private string AllowedFrom(long minimum) => minimum == Minimum ? Allowed : RangeText(minimum);

    private string RangeText(long minimum) => $"{FormatBound(minimum)} to {FormatBound(Maximum)}";

    private string FormatBound(long bound) => Kind switch
    {
        OptionKind.Size => ByteSizeText.Format(bound),
        OptionKind.Duration => DurationText.Format(TimeSpan.FromMilliseconds(bound)),
        _ => bound.ToString(CultureInfo.InvariantCulture),
    };

    private string? CheckRange(long number, long minimum) =>
        number < minimum ? "too small" : number > Maximum ? "too large" : null;

    private string? CheckDuration(TimeSpan duration, long minimum) =>
        duration < TimeSpan.FromMilliseconds(minimum) ? "too short" : duration > TimeSpan.FromMilliseconds(Maximum) ? "too long" : null;

    private string? CheckText(string text) => Kind switch
    {
        OptionKind.ListenAddress => ListenAddress.Parse(text, out _),
        OptionKind.UrlPath => IsUrlPath(text) ? null : "not a path",
        OptionKind.Directory or OptionKind.File => IsPath(text) ? null : "not a path",
        OptionKind.LogTarget => CheckLogTarget(text),
        OptionKind.LogFormat => AccessLogFormat.Parse(text, out _),
        OptionKind.HostName => HostAndPort.IsHost(text) ? null : "not a host name or an IP address",
        OptionKind.Secret => CheckSecret(text, Minimum),
        OptionKind.Word => text.Length == 0 ? "empty" : IsVisibleAscii(text) ? null : "has characters other than visible ASCII",
        OptionKind.KeyPrefix => CheckKeyPrefix(text),
        OptionKind.Choice => Choices.Contains(text) ? null : "none of the words that may stand here",
        _ => null,
    };

    // IPAddress.TryParse takes "1" and octal parts; what was read must be what stood there.
    private static bool IsNetwork(string text) => text.Contains('/', StringComparison.Ordinal)
        ? IPNetwork.TryParse(text, out _)
        : IPAddress.TryParse(text, out IPAddress? address)
            && (text.Contains(':', StringComparison.Ordinal) ? !text.AsSpan().ContainsAny("[]%") : address.ToString() == text);

    // A name below an IP address is none.
    private static bool IsHostOrBelow(string text) => text.StartsWith("*.", StringComparison.Ordinal)
        ? HostAndPort.IsHost(text[2..]) && !IPAddress.TryParse(text[2..], out _)
        : HostAndPort.IsHost(text);

    private static bool IsUrlPath(string text) =>
        text.StartsWith('/') && text.Length <= LongestUrlPath && IsVisibleAscii(text) && !text.AsSpan().ContainsAny('?', '#');

    private static bool IsPath(string text) => text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal);

    // What other servers write for nowhere and for their outputs would be names of files here.
    private static string? CheckLogTarget(string text) => text switch
    {
        "off" or "none" or "no" or "false" => "not a path: leave the key out for no access log",
        "stdout" or "-" => "not a path: standard output is not written to, stderr is",
        _ when text.Split(':')[0] == "syslog" => "not a path: syslog has the lines of the journal",
        _ => IsPath(text) ? null : "not a path",
    };

    // An empty token would be matched by an empty field value, that is, by everybody.
    private static string? CheckSecret(string text, long minimum) =>
        text.Length == 0 ? "empty"
        : text == Redacted ? "the placeholder of --check-config, not a secret"
        : !IsVisibleAscii(text) ? "has characters other than visible ASCII"
        : text.Length < minimum ? "too short"
        : null;

    private static string? CheckKeyPrefix(string text) =>
        text.Length == 0 ? "empty"
        : text.Length > LongestKeyPrefix ? "too long"
        : text.AsSpan().ContainsAnyExcept(s_keyPrefixCharacters) ? "has other characters"
        : null;

    private static bool IsVisibleAscii(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');
}
