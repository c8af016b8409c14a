using CsCheck;
using Slice.Host.Text;

namespace Slice.Tests.Host.Text;

public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("größe 大小 😀", "größe 大小 😀")]
    [InlineData("a\"b\\c", "a\\\"b\\\\c")]
    [InlineData("a\r\n\tb", @"a\r\n\tb")]
    [InlineData("\u001b[31m", @"\u001b[31m")]
    [InlineData("\u007f\u0085\u009b", @"\u007f\u0085\u009b")]
    [InlineData("\u2028\u2029", @"\u2028\u2029")]
    [InlineData("\u202e\u2066\u200b\ufeff", @"\u202e\u2066\u200b\ufeff")] // Turns the direction of writing, or cannot be seen.
    [InlineData("\0", @"\u0000")]
    public void Text_that_cannot_be_seen_is_escaped(string text, string expected) =>
        Assert.Equal(expected, PrintableText.Escape(text, int.MaxValue));

    [Fact]
    public void Lone_surrogate_is_escaped() => Assert.Equal(@"\ud83dx", PrintableText.Escape("\ud83dx", int.MaxValue));

    [Theory]
    [InlineData(3, "abc")]
    [InlineData(2, "ab…")]
    [InlineData(0, "…")]
    public void Long_text_is_cut_with_an_ellipsis(int longestChars, string expected) =>
        Assert.Equal(expected, PrintableText.Escape("abc", longestChars));

    [Fact]
    public void Any_text_stays_on_one_line_without_control_characters() =>
        Gen.String.Sample(
            text => !PrintableText.Escape(text, 1_000).Any(character => char.IsControl(character) || character is '\u2028' or '\u2029'));
}
