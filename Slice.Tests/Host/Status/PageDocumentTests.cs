using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Slice.Host.Status;

namespace Slice.Tests.Host.Status;

/// <summary>The page in the binary.</summary>
public sealed partial class PageDocumentTests
{
    private static readonly PageDocument s_document = new();
    private static readonly string s_text = Encoding.UTF8.GetString(s_document.Bytes.Span);

    [Fact]
    public void Policy_allows_the_script_and_the_style_of_the_page_and_nothing_else()
    {
        string script = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Script().Match(s_text).Groups[1].Value)));
        string style = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style().Match(s_text).Groups[1].Value)));

        Assert.StartsWith(
            $"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}';", s_document.Policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", s_document.Policy, StringComparison.Ordinal);
        Assert.Single(Script().Matches(s_text));
        Assert.Single(Style().Matches(s_text));
    }

    // Text from outside comes into the page as text, never as markup.
    [Theory]
    [InlineData("innerHTML")]
    [InlineData("insertAdjacentHTML")]
    [InlineData("document.write")]
    [InlineData("eval(")]
    [InlineData("new Function")]
    [InlineData("srcdoc")]
    [InlineData("http://")]
    [InlineData("https://")]
    [InlineData(" style=")]
    [InlineData(" onclick")]
    public void Page_has_nothing_that_makes_markup_of_text_or_comes_from_elsewhere(string construct) =>
        Assert.DoesNotContain(construct, s_text, StringComparison.Ordinal);

    // What is there before the first answer must not tell of a state that nobody has looked at yet.
    [Theory]
    [InlineData("chart-summary")]
    [InlineData("no-downloads")]
    [InlineData("no-errors")]
    public void Text_that_tells_of_a_state_is_not_there_before_the_first_answer(string id) =>
        Assert.Matches($"<p id=\"{id}\" class=\"[a-z]+\">Loading…</p>", s_text);

    [Fact]
    public void Every_part_and_field_has_a_name_for_screen_readers()
    {
        Assert.All(
            Sections().Matches(s_text), section => Assert.Contains($"id=\"{section.Groups[1].Value}\"", s_text, StringComparison.Ordinal));
        Assert.NotEmpty(Sections().Matches(s_text));
        Assert.All(
            Inputs().Matches(s_text).Select(input => input.Groups[1].Value).Where(id => id != "all-keys"),
            id => Assert.Contains($"<label for=\"{id}\">", s_text, StringComparison.Ordinal));
    }

    [GeneratedRegex("<script>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<section id=\"[a-z]+\" aria-labelledby=\"([a-z-]+)\">")]
    private static partial Regex Sections();

    [GeneratedRegex("<input id=\"([a-z-]+)\"")]
    private static partial Regex Inputs();
}
