using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>What the house style asks of every file of the product and a test can see.</summary>
public sealed partial class StyleTests
{
    private const int MaxColumns = 140;
    private const int MaxLines = 400;

    private static readonly string[] s_projects = ["Slice.Core", "Slice.Net", "Slice.Host"];

    [Fact]
    public void File_declares_at_most_one_public_type() =>
        Assert.DoesNotContain(ProductFiles(), file => PublicType().Count(Repository.Read(file)) > 1);

    [Fact]
    public void Line_has_at_most_140_columns() => Assert.Empty(
        from file in FilesOf([.. s_projects, "Slice.Tests", "benchmarks"])
        from line in Repository.Read(file).Split('\n').Index()
        where line.Item.Length > MaxColumns
        select $"{file}:{line.Index + 1} has {line.Item.Length} columns");

    [Fact]
    public void File_of_the_product_has_at_most_400_lines() =>
        Assert.DoesNotContain(ProductFiles(), file => Repository.Read(file).Count(character => character == '\n') > MaxLines);

    [Fact]
    public void Files_of_the_product_are_found() => Assert.Contains("Slice.Host/Program.cs", ProductFiles());

    private static IEnumerable<string> ProductFiles() => FilesOf(s_projects);

    private static IEnumerable<string> FilesOf(IEnumerable<string> projects) => projects
        .SelectMany(project => Directory.GetFiles(Path.Combine(Repository.Root, project), "*.cs", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(Repository.Root, path))
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    // A type of a namespace begins in the first column.
    [GeneratedRegex(@"^public (?:\w+ )*(?:class|record|struct|enum|interface|delegate) ", RegexOptions.Multiline)]
    private static partial Regex PublicType();
}
