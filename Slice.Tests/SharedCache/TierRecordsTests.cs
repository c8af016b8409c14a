using System.Text;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>The head of an object comes out of the store as it went in, and older by the time that it lay there.</summary>
public sealed class TierRecordsTests
{
    private static readonly TierMark s_mark = new(1, 2, 3);
    private static readonly Instant s_epoch = Instant.ByWallClock(DateTimeOffset.UnixEpoch);

    [Fact]
    public void Object_with_tags_variants_and_body_comes_out_as_it_went_in()
    {
        var variants = Read(Write(s_epoch, Plain(), Selected("br"), Selected("gzip")), TimeSpan.Zero, s_epoch, out var mark);

        Assert.Equal(s_mark, mark);
        Assert.Equal(3, variants.Count);
        Assert.Equal("abcd", Encoding.ASCII.GetString(variants[0].Body!));
        Assert.Null(variants[0].Selecting);
        Assert.True(variants[0].IsWhole);
        Assert.True(variants[0].Response.Tags!.HasAnyOf(CacheTags.HashesOf("red"u8)));
        Assert.Equal("\"v1\"", variants[0].Response.Validator.EntityTag);
        Assert.Equal((4, 4), (variants[0].Response.CompleteLength, variants[0].Grid.SliceSizeBytes));
        Assert.True(Selected("br").Selecting!.Equals(variants[1].Selecting));
        Assert.True(Selected("gzip").Selecting!.Equals(variants[2].Selecting));
        Assert.Null(variants[1].Body);
        Assert.Null(variants[1].Response.Tags);
        Assert.False(variants[1].IsWhole);
    }

    // At the origin's, in the first instance, in the store; the second instance has another clock.
    [Fact]
    public void Ages_add_up_whatever_the_clocks_say()
    {
        var response = new StoredResponse(
            new Validator("\"v1\"", null, 4),
            new Freshness(s_epoch, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10)),
            fieldLines: Array.Empty<byte>(),
            lastModifiedDate: null,
            date: null);
        var written = Instant.ByWallClock(DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(20));
        var read = Instant.ByWallClock(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(9));

        var variant = Assert.Single(Read(
            Write(written, new TierObject(new SliceGrid(4), null, false, response, null)), TimeSpan.FromSeconds(30), read, out _));

        Assert.Equal(TimeSpan.FromSeconds(60), variant.Response.Freshness.AgeAt(read));
        Assert.Equal(TimeSpan.FromMinutes(10), variant.Response.Freshness.Lifetime);
    }

    [Fact]
    public void Record_that_is_cut_anywhere_or_longer_is_none()
    {
        byte[] whole = Write(s_epoch, Plain(), Selected("br"));
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Read(whole[..length], TimeSpan.Zero, s_epoch, out _));
        }

        Assert.Throws<InvalidDataException>(() => Read([.. whole, 0], TimeSpan.Zero, s_epoch, out _));
    }

    // Who can write to the store, and has no key for the envelope, writes what he likes: that is a miss and nothing else.
    [Fact]
    public void Record_with_any_byte_changed_is_read_or_is_none()
    {
        byte[] whole = Write(s_epoch, Plain(), Selected("br"));
        int read = 0;
        for (int index = 0; index < whole.Length; index++)
        {
            foreach (byte mask in new byte[] { 1, 0x80, 0xFF })
            {
                whole[index] ^= mask;
                try
                {
                    Read(whole, TimeSpan.Zero, s_epoch, out _);
                    read++;
                }
                catch (InvalidDataException)
                {
                }

                whole[index] ^= mask;
            }
        }

        Assert.True(read > 0);
    }

    [Fact]
    public void Body_of_another_length_than_the_object_is_none()
    {
        byte[] whole = Write(s_epoch, Plain() with { Body = "abc"u8.ToArray() });

        Assert.Throws<InvalidDataException>(() => Read(whole, TimeSpan.Zero, s_epoch, out _));
    }

    [Fact]
    public void Object_with_more_variants_than_are_written_is_none()
    {
        byte[] whole = Write(s_epoch, [.. Enumerable.Range(0, TierRecords.MaxVariants + 1).Select(index => Selected($"{index}"))]);

        Assert.Throws<InvalidDataException>(() => Read(whole, TimeSpan.Zero, s_epoch, out _));
    }

    private static TierObject Plain() =>
        new(new SliceGrid(4), null, IsWhole: true, StoredObjects.Response(4, tags: "red,blue"), "abcd"u8.ToArray());

    private static TierObject Selected(string language)
    {
        Assert.True(SelectingFields.TryRead(
            "Accept-Language", [new ForwardedField("Accept-Language", language)], passesAcceptEncoding: false, out var selecting));
        return new TierObject(new SliceGrid(4), selecting, IsWhole: false, StoredObjects.Response(16), Body: null);
    }

    private static byte[] Write(Instant now, params TierObject[] variants)
    {
        var buffer = new RecordBuffer();
        TierRecords.Write(buffer, s_mark, variants, now);
        return buffer.Written.ToArray();
    }

    private static List<TierObject> Read(byte[] payload, TimeSpan resided, Instant now, out TierMark mark) =>
        TierRecords.Read(payload, resided, now, out mark);
}
