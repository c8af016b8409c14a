using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Slice.Tests.Support;
using Xunit.v3;

namespace Slice.Tests;

/// <summary>docs/behaviour.md has every rule, and for every rule the tests that carry its number.</summary>
public sealed partial class BehaviourDocumentTests
{
    private const string Path = "docs/behaviour.md";
    private const string Begin = "<!-- tests by rule: begin -->\n";
    private const string End = "<!-- tests by rule: end -->";

    // Those of the first series; later ones have numbers of their own, and the document may have gaps between them.
    private const int LastRule = 49;
    private static readonly int[] s_laterRules = [50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 69, 70];

    // Rules that no test proves yet. The list may only become shorter: a rule of it that has a test fails the test too.
    private static readonly string[] s_unproved = [];

    private static readonly string[] s_rules =
        [.. Enumerable.Range(1, LastRule).Concat(s_laterRules).Select(rule => string.Create(CultureInfo.InvariantCulture, $"B{rule}"))];

    [Fact]
    public void Document_has_every_rule_once_and_in_order()
        => Assert.Equal(s_rules, RuleLine().Matches(Repository.Read(Path)).Select(match => match.Groups[1].Value));

    [Fact]
    public void Every_trait_names_a_rule_and_stands_on_a_test()
    {
        Assert.Empty(Proofs().Select(proof => proof.Rule).Except(s_rules));
        Assert.Empty(Methods()
            .Where(method => RulesOf(method).Any() && !method.GetCustomAttributes().OfType<IFactAttribute>().Any())
            .Select(NameOf));
    }

    [Fact]
    public void Every_rule_has_a_test_but_those_that_are_known_to_have_none()
        => Assert.Equal(s_unproved, s_rules.Except(Proofs().Select(proof => proof.Rule)));

    // With SLICE_WRITE_DOCS=1 the document is written instead of compared.
    [Fact]
    public void Tests_of_the_document_are_those_that_carry_its_rules()
    {
        string document = Repository.Read(Path);
        int begin = document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = document.IndexOf(End, StringComparison.Ordinal);
        string expected = Table();
        if (Environment.GetEnvironmentVariable("SLICE_WRITE_DOCS") == "1")
        {
            File.WriteAllText(System.IO.Path.Combine(Repository.Root, Path), document[..begin] + expected + document[end..]);
            return;
        }

        Assert.True(
            document[begin..end] == expected,
            $"{Path} does not list the tests that carry its rules; the command at its top writes it anew, as:\n{expected}");
    }

    // One line per rule and one per test, so that changes of two people to the list meet as seldom as can be.
    private static string Table()
    {
        var proofs = Proofs().ToLookup(proof => proof.Rule, proof => proof.Test);
        return string.Concat(s_rules.Select(rule => proofs.Contains(rule)
            ? $"\n{rule}\n\n" + string.Concat(proofs[rule].Order(StringComparer.Ordinal).Select(test => $"- `{test}`\n"))
            : $"\n{rule}: not yet\n")) + "\n";
    }

    // A trait of a class counts for the class as a whole.
    private static IEnumerable<(string Rule, string Test)> Proofs()
        => typeof(BehaviourDocumentTests).Assembly.GetTypes().SelectMany(type => RulesOf(type).Select(rule => (rule, NameOf(type))))
            .Concat(Methods().SelectMany(method => RulesOf(method).Select(rule => (rule, NameOf(method)))))
            .Distinct();

    private static IEnumerable<MethodInfo> Methods() => typeof(BehaviourDocumentTests).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly));

    private static IEnumerable<string> RulesOf(MemberInfo member)
        => member.GetCustomAttributes<TraitAttribute>(inherit: false)
            .Where(trait => trait.Name == "Behaviour")
            .Select(trait => trait.Value);

    private static string NameOf(MemberInfo member) => member is Type type
        ? type.FullName!.Replace("Slice.Tests.", "", StringComparison.Ordinal)
        : NameOf(member.DeclaringType!) + "." + member.Name;

    [GeneratedRegex(@"^- \*\*(B\d+)\*\* \S", RegexOptions.Multiline)]
    private static partial Regex RuleLine();
}
