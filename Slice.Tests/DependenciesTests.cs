using System.Text.RegularExpressions;
using System.Xml.Linq;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>Every pinned package has its reason in docs/dependencies.md, with the version that is pinned.</summary>
public sealed partial class DependenciesTests
{
    [Fact]
    public void Every_package_is_documented_with_its_version_and_a_reason()
    {
        var pinned = XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(package => (Name: package.Attribute("Include")!.Value, Version: package.Attribute("Version")!.Value.Trim('[', ']')))
            .Order();
        var documented = Row().Matches(Repository.Read("docs/dependencies.md"))
            .Select(match => (Name: match.Groups[1].Value, Version: match.Groups[2].Value))
            .Order();
        Assert.Equal(pinned, documented);
    }

    // A row with a version of digits and a reason that is not empty.
    [GeneratedRegex(@"^\| (\S+) \| (\d[\d.]*) \| \S.*? \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
