using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>What the documents point to is there.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Every_relative_link_of_every_document_leads_to_a_file()
    {
        string[] documents =
        [
            .. Directory.GetFiles(Repository.Root, "*.md"),
            .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories),
            .. Directory.GetFiles(Path.Combine(Repository.Root, "benchmarks"), "*.md", SearchOption.AllDirectories),
        ];
        Assert.Contains(documents, path => path.EndsWith("README.md", StringComparison.Ordinal));
        var dead = documents.SelectMany(path => LinkTarget().Matches(File.ReadAllText(path))
            .Select(match => (path, Target: match.Groups[1].Value))
            .Where(link => !link.Target.Contains("://", StringComparison.Ordinal)
                && !Path.Exists(Path.Combine(Path.GetDirectoryName(link.path)!, link.Target))));
        Assert.Empty(dead);
    }

    // Comments that send a reader to a document, such as docs/decisions/0002-….md.
    [Fact]
    public void Every_document_that_the_code_names_is_there()
    {
        var named = Directory.GetFiles(Repository.Root, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(path => DocumentName().Matches(File.ReadAllText(path)).Select(match => match.Value))
            .Distinct()
            .ToArray();
        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.True(File.Exists(Path.Combine(Repository.Root, name)), name));
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)")]
    private static partial Regex LinkTarget();

    [GeneratedRegex(@"docs/[a-z0-9/-]+\.md")]
    private static partial Regex DocumentName();
}
