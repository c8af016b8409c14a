using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// What the fields of a PURGE ask for: <c>X-Purge-Pattern: prefix</c>, <c>X-Purge-Tag</c>, <c>X-Purge-All</c> or one URL, and
/// <c>X-Purge-Soft</c>. A field that is not understood is refused: a purge that does less than its sender believes is worse than none.
/// </summary>
internal readonly record struct PurgeRequest
{
    // Bounds what it costs to hold an object against the purges. Arbitrary.
    private const int MaxTags = 256;

    /// <summary>Why it is none; null when it is.</summary>
    public string? Problem { get; private init; }

    /// <summary>What it is of; null for one URL.</summary>
    public PurgeScope? Scope { get; private init; }

    /// <summary>Whether what it is of becomes stale and stays.</summary>
    public bool IsSoft { get; private init; }

    /// <summary>The key of one stored object; null for the URL of the request.</summary>
    public CacheKey? Key { get; init; }

    private ulong[] Tags { get; init; }

    /// <summary>Reads the fields of a PURGE.</summary>
    public static PurgeRequest Read(HttpExchange exchange)
    {
        var fields = exchange.Head.Fields;
        if (FindUnknown(fields) is { } unknown)
        {
            return Refuse(
                $"{unknown} is not known; known are X-Purge-All, X-Purge-Pattern, X-Purge-Tag, X-Purge-Soft and X-Purge-Token");
        }

        bool hasPattern = fields.Contains(KnownField.XPurgePattern);
        bool hasTag = fields.Contains(KnownField.XPurgeTag);
        if (!TryReadFlag(fields, KnownField.XPurgeAll, out bool isAll))
        {
            return Refuse("X-Purge-All is true or false");
        }

        if (!TryReadFlag(fields, KnownField.XPurgeSoft, out bool isSoft))
        {
            return Refuse("X-Purge-Soft is 1 or 0");
        }

        if ((isAll ? 1 : 0) + (hasPattern ? 1 : 0) + (hasTag ? 1 : 0) > 1)
        {
            return Refuse("only one of X-Purge-All, X-Purge-Pattern and X-Purge-Tag");
        }

        if (hasPattern && !Is(fields, KnownField.XPurgePattern, "prefix"u8))
        {
            return Refuse("X-Purge-Pattern is prefix");
        }

        if (isAll && !exchange.NormalizedTarget.SequenceEqual("/*"u8))
        {
            return Refuse("everything is purged by PURGE /* with X-Purge-All: true");
        }

        ulong[] tags = hasTag ? ReadTags(fields) : [];
        if (hasTag && tags.Length == 0)
        {
            return Refuse("X-Purge-Tag names no tag");
        }

        if (tags.Length > MaxTags)
        {
            return Refuse("X-Purge-Tag names more than 256 tags: send several");
        }

        return new PurgeRequest
        {
            Scope = isAll ? PurgeScope.All : hasPattern ? PurgeScope.Prefix : hasTag ? PurgeScope.Tags : null,
            IsSoft = isSoft,
            Tags = tags,
        };
    }

    /// <summary>The key of the one URL that it asks for.</summary>
    public ReadOnlySpan<byte> KeyOf(HttpExchange exchange) => Key is { } key ? key.Bytes : exchange.Key;

    /// <summary>What it is for, as text: the target as received, or the key without its fields.</summary>
    public string TargetOf(HttpExchange exchange) => Encoding.Latin1.GetString(
        Key is { } key ? KeyFields.ResourceOf(key.Bytes) : exchange.Head.PathAndQuery);

    /// <summary>The purge of many objects that it asks for.</summary>
    public Purge ToPurge(HttpExchange exchange) => Scope switch
    {
        PurgeScope.Prefix => Purge.OfPrefix(PrefixOf(exchange), IsSoft, exchange.Now),
        PurgeScope.Tags => Purge.OfTags(Tags, IsSoft, exchange.Now),
        _ => Purge.OfAll(IsSoft, exchange.Now),
    };

    private static PurgeRequest Refuse(string problem) => new() { Problem = problem };

    // Host, where that is a part of keys, and target; the fields of a key stand behind them. An asterisk at the end stands for the rest.
    private static ReadOnlySpan<byte> PrefixOf(HttpExchange exchange)
    {
        var prefix = exchange.Key[..(exchange.KeyPrefix.Length + exchange.NormalizedTarget.Length)];
        return prefix.EndsWith("*"u8) ? prefix[..^1] : prefix;
    }

    private static ulong[] ReadTags(FieldTable fields)
    {
        var tags = new HashSet<ulong>();
        for (int line = 0; line < fields.LineCount; line++)
        {
            if (fields.FieldAt(line) == KnownField.XPurgeTag)
            {
                tags.UnionWith(CacheTags.HashesOf(fields.ValueAt(line)));
            }
        }

        ulong[] sorted = [.. tags];
        Array.Sort(sorted);
        return sorted;
    }

    // X-Purge-Tags, say, would purge one URL where a thousand were meant.
    private static string? FindUnknown(FieldTable fields)
    {
        var ours = "X-Purge-"u8;
        for (int line = 0; line < fields.LineCount; line++)
        {
            var name = fields.NameAt(line);
            bool isOurs = name.Length >= ours.Length && Ascii.EqualsIgnoreCase(name[..ours.Length], ours);
            if (isOurs && fields.FieldAt(line) == KnownField.Other)
            {
                return Encoding.ASCII.GetString(name);
            }
        }

        return null;
    }

    // Absent is false.
    private static bool TryReadFlag(FieldTable fields, KnownField field, out bool value)
    {
        value = Is(fields, field, "1"u8) || Is(fields, field, "true"u8);
        return value || !fields.Contains(field) || Is(fields, field, "0"u8) || Is(fields, field, "false"u8);
    }

    private static bool Is(FieldTable fields, KnownField field, ReadOnlySpan<byte> value) =>
        fields.Count(field) == 1 && fields.TryGet(field, out var stated) && Ascii.EqualsIgnoreCase(stated, value);
}
