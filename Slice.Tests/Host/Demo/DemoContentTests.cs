using System.Text;
using Slice.Host.Demo;

namespace Slice.Tests.Host.Demo;

/// <summary>The sample content follows from position and object alone, and the checker knows it from anything else.</summary>
public sealed class DemoContentTests
{
    private static readonly ulong s_seed = DemoContent.SeedOf("/demo/sample.bin"u8);

    [Fact]
    public void Content_is_the_same_wherever_a_read_begins_and_ends()
    {
        byte[] whole = Bytes(0, 64, s_seed);
        for (int start = 0; start <= whole.Length; start++)
        {
            for (int end = start; end <= whole.Length; end++)
            {
                Assert.Equal(whole[start..end], Bytes(start, end - start, s_seed));
            }
        }
    }

    [Fact]
    public void Content_differs_between_objects_and_between_slices()
    {
        byte[] here = Bytes(0, 64, s_seed);

        Assert.NotEqual(here, Bytes(0, 64, DemoContent.SeedOf("/demo/sample.bin?2"u8)));
        Assert.NotEqual(here, Bytes(1 << 20, 64, s_seed));
        Assert.NotEqual(here, Bytes(1L << 40, 64, s_seed));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(1_048_575)]
    public void Checker_takes_the_right_bytes_in_any_pieces(long start)
    {
        byte[] body = Bytes(start, 200_000, s_seed);
        using var checker = new DemoChecker(s_seed, start);

        foreach (byte[] piece in body.Chunk(70_001))
        {
            Assert.True(checker.TryTake(piece));
        }

        Assert.Equal(start + body.Length, checker.Position);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(199_999)]
    public void Checker_names_the_position_of_a_wrong_byte(int offset)
    {
        const long Start = 1_000;
        byte[] body = Bytes(Start, 200_000, s_seed);
        body[offset] ^= 1;
        using var checker = new DemoChecker(s_seed, Start);

        Assert.False(checker.TryTake(body));
        Assert.Equal(Start + offset, checker.Position);
    }

    [Fact]
    public void Checker_refuses_the_bytes_of_another_slice()
    {
        using var checker = new DemoChecker(s_seed, start: 1 << 20);

        Assert.False(checker.TryTake(Bytes(2 << 20, 64, s_seed)));
        Assert.Equal(1 << 20, checker.Position);
    }

    [Fact]
    public void Seed_is_FNV_1a()
    {
        // The published value for "foobar".
        Assert.Equal(0x85944171F73967E8, DemoContent.SeedOf(Encoding.ASCII.GetBytes("foobar")));
    }

    private static byte[] Bytes(long position, int count, ulong seed)
    {
        byte[] bytes = new byte[count];
        DemoContent.Fill(position, bytes, seed);
        return bytes;
    }
}
