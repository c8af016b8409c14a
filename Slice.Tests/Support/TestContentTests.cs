using System.Security.Cryptography;

namespace Slice.Tests.Support;

public sealed class TestContentTests
{
    [Fact]
    public void Fill_split_at_every_offset_equals_fill_of_the_whole()
    {
        byte[] whole = TestContent.Bytes(3, 64, seed: 7);
        for (int split = 0; split <= whole.Length; split++)
        {
            var parts = new byte[whole.Length];
            TestContent.Fill(3, parts.AsSpan(0, split), seed: 7);
            TestContent.Fill(3 + split, parts.AsSpan(split), seed: 7);
            Assert.Equal(whole, parts);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(256)]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    [InlineData(1 << 30)]
    public void Fill_at_a_power_of_two_further_on_differs(long distance)
        => Assert.NotEqual(TestContent.Bytes(0, 64, seed: 1), TestContent.Bytes(distance, 64, seed: 1));

    [Fact]
    public void Fill_of_another_version_differs()
        => Assert.NotEqual(TestContent.Bytes(0, 64, seed: 1), TestContent.Bytes(0, 64, seed: 2));

    [Fact]
    public void Fill_near_the_largest_position_does_not_overflow()
        => Assert.Equal(9, TestContent.Bytes(long.MaxValue - 8, 9, seed: 1).Length);

    [Fact]
    public void Sink_of_right_bytes_tells_position_and_digest()
    {
        byte[] bytes = TestContent.Bytes(100, 200_000, seed: 3);
        using var sink = new VerifyingSink(TestContent.Version(3), start: 100, withDigest: true);
        sink.Append(bytes.AsSpan(0, 77));
        sink.Append(bytes.AsSpan(77));
        Assert.Equal(200_100, sink.Position);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), sink.GetSha256());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(199_999)]
    public void Sink_of_one_wrong_byte_names_its_position(int offset)
    {
        byte[] bytes = TestContent.Bytes(0, 200_000, seed: 3);
        bytes[offset] ^= 1;
        using var sink = new VerifyingSink(TestContent.Version(3));
        var failure = Assert.Throws<InvalidDataException>(() => sink.Append(bytes));
        Assert.Contains($"position {offset}:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sink_of_two_swapped_slices_fails()
    {
        byte[] swapped = [.. TestContent.Bytes(4096, 4096, seed: 3), .. TestContent.Bytes(0, 4096, seed: 3)];
        using var sink = new VerifyingSink(TestContent.Version(3));
        Assert.Throws<InvalidDataException>(() => sink.Append(swapped));
    }
}
