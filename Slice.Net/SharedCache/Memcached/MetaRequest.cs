using System.Globalization;
using System.Text.Unicode;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>A request of the meta protocol: its line, and the value that follows it.</summary>
/// <param name="Verb">What is asked.</param>
/// <param name="Key">Of what; empty for <see cref="MetaVerb.Statistics"/>.</param>
internal readonly record struct MetaRequest(MetaVerb Verb, string Key)
{
    /// <summary>Room that a line takes at most, with a key of memcached's longest, 250.</summary>
    public const int LongestLine = 512;

    /// <summary>What the value begins with, before <see cref="Value"/>.</summary>
    public ReadOnlyMemory<byte> Lead { get; init; }

    /// <summary>The value to store, read until the answer has come.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The number beside the value.</summary>
    public uint ClientFlags { get; init; }

    /// <summary>How long the value is kept, 1 s to 30 days: a longer one would be taken for a date.</summary>
    public int LifetimeSeconds { get; init; }

    /// <summary>The version that <see cref="MetaVerb.Replace"/> is for.</summary>
    public ulong Cas { get; init; }

    /// <summary>What a counter begins with.</summary>
    public long First { get; init; }

    /// <summary>What is added to a counter.</summary>
    public long Step { get; init; }

    /// <summary>Longest value that is taken from an answer.</summary>
    public int LongestAnswer { get; init; }

    /// <summary>Where a part of a value goes.</summary>
    public Memory<byte> Target { get; init; }

    /// <summary>The flags that the answer carries.</summary>
    public MetaFields Asked => Verb switch
    {
        MetaVerb.Get => MetaFields.Key | MetaFields.Remaining | MetaFields.ClientFlags | MetaFields.Cas,
        MetaVerb.Statistics => MetaFields.None,
        _ => MetaFields.Key,
    };

    /// <summary>Whether a value follows the line.</summary>
    public bool HasValue => Verb is MetaVerb.Set or MetaVerb.Add or MetaVerb.Replace;

    /// <summary>Writes the line with its CR LF and returns its length.</summary>
    /// <param name="buffer">Room for <see cref="LongestLine"/>.</param>
    public int WriteLine(Span<byte> buffer)
    {
        var invariant = CultureInfo.InvariantCulture;
        int length = Lead.Length + Value.Length;
        int written;
        bool fits = Verb switch
        {
            MetaVerb.Get => Utf8.TryWrite(buffer, invariant, $"mg {Key} v t f c k\r\n", out written),
            MetaVerb.Set => Utf8.TryWrite(buffer, invariant, $"ms {Key} {length} T{LifetimeSeconds} F{ClientFlags} k\r\n", out written),
            MetaVerb.Add => Utf8.TryWrite(buffer, invariant, $"ms {Key} {length} T{LifetimeSeconds} ME k\r\n", out written),
            MetaVerb.Replace => Utf8.TryWrite(buffer, invariant, $"ms {Key} {length} T{LifetimeSeconds} C{Cas} k\r\n", out written),
            MetaVerb.Remove => Utf8.TryWrite(buffer, invariant, $"md {Key} k\r\n", out written),

            // The lifetime begins anew when the counter is made, and when it is used.
            MetaVerb.Increment => Utf8.TryWrite(
                buffer, invariant, $"ma {Key} D{Step} J{First} N{LifetimeSeconds} T{LifetimeSeconds} v k\r\n", out written),
            _ => Utf8.TryWrite(buffer, invariant, $"stats\r\n", out written),
        };
        return fits ? written : throw new ArgumentException("no room for the line", nameof(buffer));
    }
}
