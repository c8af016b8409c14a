using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>That the fuzzer would find something.</summary>
public sealed class FuzzRunTests
{
    private static readonly FuzzGrammar s_lines = new() { Seeds = ["one\r\ntwo=1\r\nthree"], Words = ["four"], Separator = "\r\n" };

    [Fact]
    public void Inputs_follow_from_the_seed_alone()
    {
        Assert.Equal(new FuzzMutator(s_lines).Make(7), new FuzzMutator(s_lines).Make(7));
        Assert.NotEqual(new FuzzMutator(s_lines).Make(7), new FuzzMutator(s_lines).Make(8));
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("four")]
    [InlineData("three\r\ntwo")]
    [InlineData("9223372036854775808")]
    [InlineData("one\r\none")]
    [InlineData("two=1\r\ntwo=1")]
    public async Task Planted_fault_is_found_and_shortened_to_itself(string fault)
    {
        byte[] bytes = Wire.Bytes(fault);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => FuzzRun.RunAsync(s_lines, FuzzRun.FixedSeed, 100_000, Check));

        Assert.Contains($"of SLICE_FUZZ_SEED={FuzzRun.FixedSeed} fails", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"planted at 0 of {bytes.Length}", failure.Message, StringComparison.Ordinal);

        void Check(byte[] input)
        {
            int found = input.AsSpan().IndexOf(bytes);
            Assert.True(found < 0, $"planted at {found} of {input.Length}");
        }
    }

    [Fact]
    public async Task Number_of_inputs_is_the_bound()
    {
        int count = 0;

        await FuzzRun.RunAsync(s_lines, FuzzRun.FixedSeed, 1000, _ => count++);

        Assert.Equal(1000, count);
    }
}
