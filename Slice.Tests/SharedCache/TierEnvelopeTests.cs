using System.Security.Cryptography;
using System.Text;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>A value is what was asked for, as it was written, or nothing.</summary>
public sealed class TierEnvelopeTests
{
    private const string Key = "a key of sixteen characters or more";
    private const int Beginning = TierEnvelope.HeaderBytes + TierEnvelope.UsualBeginningBytes;
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private static readonly TierLabel s_label = new(
        TierValueKind.Slice, "pslice:s:0123:4", TierVersion.Of("version"u8), SliceSizeBytes: 4, SliceIndex: 4, CompleteLength: 20);

    [Theory]
    [InlineData(null)]
    [InlineData(Key)]
    public void Value_is_opened_by_who_asks_for_it(string? macKey)
    {
        var envelope = new TierEnvelope(macKey);

        Assert.True(envelope.TryOpen(Seal(envelope), s_label, out var payload, out var lifetime));

        Assert.Equal("abcd"u8.ToArray(), payload.ToArray());
        Assert.Equal(s_minute, lifetime);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Key)]
    public void Damage_of_any_byte_is_seen(string? macKey)
    {
        var envelope = new TierEnvelope(macKey);
        byte[] value = Seal(envelope);
        for (int index = 0; index < value.Length; index++)
        {
            foreach (byte bit in new byte[] { 1, 16, 128 })
            {
                value[index] ^= bit;
                Assert.False(envelope.TryOpen(value, s_label, out var payload, out _), $"bit {bit} of byte {index}");
                Assert.True(payload.IsEmpty);
                value[index] ^= bit;
            }
        }

        Assert.True(envelope.TryOpen(value, s_label, out _, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Key)]
    public void Value_that_is_cut_or_longer_is_none(string? macKey)
    {
        var envelope = new TierEnvelope(macKey);
        byte[] value = Seal(envelope);
        for (int length = 0; length < value.Length; length++)
        {
            Assert.False(envelope.TryOpen(value.AsMemory(0, length), s_label, out _, out _), $"{length} bytes");
        }

        Assert.False(envelope.TryOpen((byte[])[.. value, 0], s_label, out _, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Key)]
    public void Beginning_is_opened_without_the_rest_and_with_the_rest_no_more_than_the_beginning(string? macKey)
    {
        var envelope = new TierEnvelope(macKey);
        byte[] value = SealLong(envelope);
        foreach (int length in new[] { Beginning, Beginning + 1, value.Length })
        {
            Assert.True(envelope.TryOpenBeginning(value.AsMemory(0, length), s_label, out var beginning, out int bytes, out var lifetime));
            Assert.True(beginning.Span.SequenceEqual(value.AsSpan(TierEnvelope.HeaderBytes, TierEnvelope.UsualBeginningBytes)));
            Assert.Equal((value.Length - TierEnvelope.HeaderBytes, s_minute), (bytes, lifetime));
        }

        Assert.False(envelope.TryOpenBeginning(value.AsMemory(0, Beginning - 1), s_label, out _, out _, out _));
        Assert.False(envelope.TryOpenBeginning((byte[])[.. value, 0], s_label, out _, out _, out _));
        Assert.True(envelope.TryOpen(value, s_label, out var payload, out _));
        Assert.True(payload.Span.SequenceEqual(value.AsSpan(TierEnvelope.HeaderBytes)));
        Assert.False(envelope.TryOpen(value.AsMemory(0, Beginning), s_label, out _, out _));
    }

    // The rest and its seal are seen by who reads all; the beginning is good without the rest, and its seal is of all of the header.
    [Theory]
    [InlineData(null)]
    [InlineData(Key)]
    public void Damage_of_any_byte_of_a_long_value_is_seen_by_who_reads_that_byte(string? macKey)
    {
        var envelope = new TierEnvelope(macKey);
        byte[] value = SealLong(envelope);
        int[] places = [.. Enumerable.Range(0, TierEnvelope.HeaderBytes + 8), .. Enumerable.Range(Beginning - 4, 8), value.Length - 1];
        foreach (int index in places)
        {
            value[index] ^= 16;
            Assert.False(envelope.TryOpen(value, s_label, out _, out _), $"byte {index}");
            Assert.Equal(index >= Beginning, envelope.TryOpenBeginning(value.AsMemory(0, Beginning), s_label, out _, out _, out _));
            value[index] ^= 16;
        }

        Assert.True(envelope.TryOpen(value, s_label, out _, out _));
    }

    public static TheoryData<string> Parts { get; } = ["kind", "name", "version", "slice size", "slice index", "complete length"];

    [Theory]
    [MemberData(nameof(Parts))]
    public void Value_of_something_else_is_none(string part)
    {
        var other = part switch
        {
            "kind" => s_label with { Kind = TierValueKind.Object },
            "name" => s_label with { Name = "pslice:s:0123:5" },
            "version" => s_label with { Version = TierVersion.Of("another"u8) },
            "slice size" => s_label with { SliceSizeBytes = 8 },
            "slice index" => s_label with { SliceIndex = 0 },
            _ => s_label with { CompleteLength = 24 },
        };
        var envelope = new TierEnvelope(null);

        Assert.False(envelope.TryOpen(Seal(envelope), other, out _, out _));
    }

    // Whoever can write to the store, but does not have the key, can compute every checksum.
    [Theory]
    [InlineData(null, Key)]
    [InlineData(Key, null)]
    [InlineData(Key, "another key of enough characters")]
    public void Value_of_who_has_another_key_or_none_is_none(string? writer, string? reader) =>
        Assert.False(new TierEnvelope(reader).TryOpen(Seal(new TierEnvelope(writer)), s_label, out _, out _));

    // Each MAC begins with what it is for: bytes of the one can never be passed off as those of the other.
    [Fact]
    public void Macs_of_beginning_and_rest_are_of_different_purposes()
    {
        byte[] value = SealLong(new TierEnvelope(Key));
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes(Key));

        byte[] ofRest = [(byte)'r', .. value[..80], .. value[Beginning..]];
        byte[] ofBeginning = [(byte)'b', .. value[..120], .. value[TierEnvelope.HeaderBytes..Beginning]];
        Assert.Equal(HMACSHA256.HashData(key, ofRest), value[80..112]);
        Assert.Equal(HMACSHA256.HashData(key, ofBeginning), value[120..152]);
    }

    [Fact]
    public void Foreign_value_is_none()
    {
        var envelope = new TierEnvelope(null);
        byte[] foreign = new byte[4096];
        new Random(7).NextBytes(foreign);
        Assert.False(envelope.TryOpen(foreign, s_label, out _, out _));
        Assert.False(envelope.TryOpen(new byte[4096], s_label, out _, out _));
        Assert.False(envelope.TryOpen(default, s_label, out _, out _));
    }

    private static byte[] SealLong(TierEnvelope envelope)
    {
        byte[] value = new byte[Beginning + 100];
        new Random(8).NextBytes(value);
        envelope.Seal(value, s_label, s_minute);
        return value;
    }

    private static byte[] Seal(TierEnvelope envelope)
    {
        byte[] value = [.. new byte[TierEnvelope.HeaderBytes], .. "abcd"u8];
        envelope.Seal(value, s_label, s_minute);
        return value;
    }
}
