using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>Slices of a shared store, whole and in parts.</summary>
public sealed class TierReaderTests : IDisposable
{
    private const int SliceBytes = 300 << 10;
    private static readonly TierLabel s_label = new(TierValueKind.Slice, "t:s:1:0", TierVersion.Of("1"u8), SliceBytes, 0, SliceBytes);

    private readonly TierBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Slice_is_the_same_whole_and_in_parts()
    {
        byte[] slice = await SetAsync(s_label, seed: 1);
        using var whole = await _bed.Reader.ReadAsync(s_label, SliceBytes, TierBed.Ct);
        using var beginning = await _bed.Reader.ReadBeginningAsync(s_label, SliceBytes, TierBed.Ct);
        using var rest = await _bed.Reader.ReadRestAsync(s_label, SliceBytes, beginning.Payload, TierBed.Ct);

        Assert.Equal(TierEnvelope.UsualBeginningBytes, beginning.Payload.Length);
        Assert.Equal(slice, whole.Payload.ToArray());
        Assert.Equal(slice, (byte[])[.. beginning.Payload.Span, .. rest.Payload.Span]);
    }

    // Both are written as they should be, by origins or instances that should not have.
    [Fact]
    public async Task Rest_of_a_value_that_begins_otherwise_is_none()
    {
        await SetAsync(s_label, seed: 1);
        using var beginning = await _bed.Reader.ReadBeginningAsync(s_label, SliceBytes, TierBed.Ct);
        await SetAsync(s_label, seed: 2);
        using var rest = await _bed.Reader.ReadRestAsync(s_label, SliceBytes, beginning.Payload, TierBed.Ct);

        Assert.Equal((false, "damaged", 0), (rest.IsFound, rest.Word, rest.Payload.Length));
    }

    [Fact]
    public async Task Rest_of_a_value_that_is_gone_is_a_miss()
    {
        await SetAsync(s_label, seed: 1);
        using var beginning = await _bed.Reader.ReadBeginningAsync(s_label, SliceBytes, TierBed.Ct);
        await _bed.KeyValues.RemoveAsync(s_label.Name, TierBed.Ct);
        using var rest = await _bed.Reader.ReadRestAsync(s_label, SliceBytes, beginning.Payload, TierBed.Ct);

        Assert.Equal("miss", rest.Word);
    }

    [Theory]
    [InlineData(SliceBytes - 1)]
    [InlineData(SliceBytes + 1)]
    public async Task Beginning_of_a_slice_of_another_length_is_none(int lengthBytes)
    {
        await SetAsync(s_label, seed: 1);
        using var beginning = await _bed.Reader.ReadBeginningAsync(s_label, lengthBytes, TierBed.Ct);

        Assert.Equal("damaged", beginning.Word);
    }

    [Fact]
    public async Task Short_slice_comes_whole()
    {
        var label = s_label with { SliceSizeBytes = 4, CompleteLength = 4 };
        byte[] slice = await SetAsync(label, seed: 1, bytes: 4);
        using var beginning = await _bed.Reader.ReadBeginningAsync(label, 4, TierBed.Ct);

        Assert.Equal(slice, beginning.Payload.ToArray());
    }

    // Each of them waits for a place for its rest, and would wait for the others.
    [Fact]
    public async Task Beginnings_leave_room_for_their_rests_and_are_bounded()
    {
        await SetAsync(s_label, seed: 1);
        var beginnings = new List<TierRead>();
        while (beginnings.Count < 256)
        {
            beginnings.Add(await _bed.Reader.ReadBeginningAsync(s_label, SliceBytes, TierBed.Ct));
            Assert.Equal(TierEnvelope.UsualBeginningBytes, beginnings[^1].Payload.Length);
        }

        using (var whole = await _bed.Reader.ReadBeginningAsync(s_label, SliceBytes, TierBed.Ct))
        {
            Assert.Equal(SliceBytes, whole.Payload.Length);
        }

        foreach (var beginning in beginnings)
        {
            using var rest = await _bed.Reader.ReadRestAsync(s_label, SliceBytes, beginning.Payload, TierBed.Ct);
            Assert.Equal("hit", rest.Word);
            beginning.Dispose();
        }

        using var last = await _bed.Reader.ReadBeginningAsync(s_label, SliceBytes, TierBed.Ct);
        Assert.Equal(TierEnvelope.UsualBeginningBytes, last.Payload.Length);
    }

    private async Task<byte[]> SetAsync(TierLabel label, int seed, int bytes = SliceBytes)
    {
        byte[] value = new byte[TierEnvelope.HeaderBytes + bytes];
        new Random(seed).NextBytes(value);
        _bed.Envelope.Seal(value, label, TimeSpan.FromMinutes(1));
        await _bed.KeyValues.SetAsync(label.Name, value, TimeSpan.FromMinutes(1), TierBed.Ct);
        return value[TierEnvelope.HeaderBytes..];
    }
}
