using System.Text;
using System.Text.RegularExpressions;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

/// <summary>docs/configuration.md tells operators which fields make a request its client's own, and which do not.</summary>
public sealed partial class SharedRequestFieldsTests
{
    private static readonly string s_section =
        Repository.Read("docs/configuration.md").Split("\n### Strangers, and requests of one client\n")[1].Split("\n#")[0];

    [Fact]
    public void Fields_that_the_document_lists_make_no_request_its_clients_own()
    {
        string[] names = [.. FieldName().Matches(s_section[s_section.IndexOf("- Browsers:", StringComparison.Ordinal)..])
            .Select(match => match.Groups[1].Value.Replace("*", "Anything", StringComparison.Ordinal))];

        Assert.InRange(names.Length, 40, 80);
        Assert.All(names, name => Assert.False(IsOwn(name), name));
    }

    [Theory]
    [InlineData("Cookie")]
    [InlineData("Authorization")]
    [InlineData("X-Api-Key")]
    [InlineData("X-Requested-With")]
    public void Fields_that_say_who_the_client_is_make_its_request_its_own(string name) => Assert.True(IsOwn(name));

    [Fact]
    public void Document_names_every_field_that_the_code_names()
    {
        string[] names = [.. Literal().Matches(Repository.Read("Slice.Core/Http/SharedRequestFields.cs"))
            .Select(match => match.Groups[1].Value)];

        Assert.InRange(names.Length, 40, 80);
        Assert.All(names, name => Assert.Contains(name, s_section, StringComparison.Ordinal));
    }

    private static bool IsOwn(string name)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(name);
        return SharedRequestFields.Default.IsOwn(KnownFields.Find(bytes), bytes);
    }

    [GeneratedRegex("`([A-Za-z0-9-]+\\*?)`")]
    private static partial Regex FieldName();

    [GeneratedRegex("(?:Is|HasPrefix)\\(name, \"([^\"]+)\"u8\\)")]
    private static partial Regex Literal();
}
